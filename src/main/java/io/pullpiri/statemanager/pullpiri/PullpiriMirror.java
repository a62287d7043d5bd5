// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import io.pullpiri.statemanager.manager.Manager;
import io.pullpiri.statemanager.manager.Metrics;
import io.pullpiri.statemanager.manager.MirrorLink;
import io.pullpiri.statemanager.manager.MirrorLink.Part;
import io.pullpiri.statemanager.state.ExportedStateNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Mirrors Pullpiri's store, in threads of its own. An outage of Pullpiri's store delays nothing else: the mirror tries again,
 * and then compares both stores. May be used from any thread.
 */
public final class PullpiriMirror implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PullpiriMirror.class);

    /** How long one wait for the first view of our own store takes. */
    private static final Duration FIRST_VIEW_WAIT = Duration.ofSeconds(5);

    /** How long the mirror waits between two looks at who owns our own store. */
    private static final Duration OWNER_WAIT = Duration.ofSeconds(1);

    private static final Pace PACE =
            new Pace(Duration.ofSeconds(5), Duration.ofSeconds(4), Duration.ofSeconds(10), ContainerImport.QUIET);

    private final Manager manager;
    private final MirrorLink link;
    private final IntToLongFunction backoffMillis;
    private final MirrorMetrics metrics = new MirrorMetrics();
    private final List<Thread> threads = new ArrayList<>();

    /** The parts that have succeeded since the start. */
    private final Set<Part> begun = ConcurrentHashMap.newKeySet();

    /**
     * How often Pullpiri's store is read.
     *
     * @param interval between two reads of the artifacts
     * @param confirmation how long an artifact must be absent until it is deleted
     * @param containers between two reads of the containers
     * @param quiet see {@link ContainerImport#QUIET}
     */
    record Pace(Duration interval, Duration confirmation, Duration containers, Duration quiet) {}

    /** A part of the mirror that runs again and again. */
    private interface Round {
        void run() throws PullpiriStoreException, InterruptedException;
    }

    private PullpiriMirror(Manager manager, IntToLongFunction backoffMillis) {
        this.manager = manager;
        this.link = manager.mirror();
        this.backoffMillis = backoffMillis;
    }

    /**
     * Starts the mirror. It begins when our own store has been read.
     *
     * @param store must stay open until the mirror is closed
     * @param backoffMillis the pause after so many failures in a row, at least one
     */
    public static PullpiriMirror start(
            PullpiriStore store, ExportedStateNames names, Manager manager, IntToLongFunction backoffMillis) {
        return start(store, names, manager, backoffMillis, PACE);
    }

    static PullpiriMirror start(
            PullpiriStore store,
            ExportedStateNames names,
            Manager manager,
            IntToLongFunction backoffMillis,
            Pace pace) {
        PullpiriMirror mirror = new PullpiriMirror(manager, backoffMillis);
        MissingArtifacts missing = new MissingArtifacts(pace.confirmation());
        ArtifactImport artifacts = new ArtifactImport(store, manager, mirror.metrics, missing, System::nanoTime);
        ReadSchedule schedule = new ReadSchedule(pace.interval(), System::nanoTime);
        mirror.link.enable(new MirrorLink.Control() {

            @Override
            public void announced() {
                schedule.announced();
            }

            @Override
            public List<String> accept() {
                List<String> accepted = missing.accept();
                schedule.announced();
                return accepted;
            }
        });
        StateExport export = new StateExport(
                store,
                manager.feed(),
                names,
                mirror.metrics,
                () -> manager.newOwner().isEmpty(),
                () -> mirror.succeeded(Part.STATES));
        mirror.thread("pullpiri-states", Part.STATES, () -> export.run(StateExport.COMPARE_INTERVAL));
        mirror.thread("pullpiri-artifacts", Part.ARTIFACTS, () -> {
            long began = schedule.awaitNext();
            mirror.finished(Part.ARTIFACTS, artifacts.read());
            schedule.succeeded(began);
        });
        ContainerImport containers = new ContainerImport(store, manager, mirror.metrics, manager.clock(), pace.quiet());
        mirror.thread("pullpiri-containers", Part.CONTAINERS, () -> {
            mirror.finished(Part.CONTAINERS, containers.read());
            TimeUnit.NANOSECONDS.sleep(pace.containers().toNanos());
        });
        mirror.threads.forEach(Thread::start);
        return mirror;
    }

    private void thread(String name, Part part, Round round) {
        threads.add(Thread.ofPlatform().name(name).daemon().unstarted(() -> {
            try {
                repeat(part, round);
            } catch (InterruptedException e) {
                LOG.debug("stopping");
            } catch (RuntimeException | Error e) {
                link.failed(
                        part,
                        "the mirror of Pullpiri's store has ended (" + part.logName() + "): " + e
                                + "; restart StateManager");
                throw e;
            }
        }));
    }

    private void repeat(Part part, Round round) throws InterruptedException {
        awaitFirstView();
        int failures = 0;
        while (true) {
            String newOwner = manager.newOwner();
            if (!newOwner.isEmpty()) {
                link.failed(part, newOwner);
                TimeUnit.NANOSECONDS.sleep(OWNER_WAIT.toNanos());
                continue;
            }
            try {
                round.run();
                failures = 0;
            } catch (PullpiriStoreException e) {
                failures++;
                failed(part, String.valueOf(e.getMessage()), failures);
                TimeUnit.MILLISECONDS.sleep(backoffMillis.applyAsLong(failures));
            } catch (RuntimeException e) {
                LOG.error("the mirror of Pullpiri's store failed, which is a defect", e);
                failures++;
                failed(part, "unexpected failure: " + e, failures);
                TimeUnit.MILLISECONDS.sleep(backoffMillis.applyAsLong(failures));
            }
        }
    }

    private void awaitFirstView() throws InterruptedException {
        try {
            while (manager.firstView(FIRST_VIEW_WAIT).get().isEmpty()) {
                LOG.debug("our own store has not been read yet");
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private void succeeded(Part part) {
        if (link.succeeded(part)) {
            boolean first = begun.add(part);
            LOG.info("the mirror of Pullpiri's store works{} ({})", first ? "" : " again", part.logName());
        }
    }

    /** @param trouble why the part has not done all of its work; empty if it has */
    private void finished(Part part, String trouble) {
        if (trouble.isEmpty()) {
            succeeded(part);
        } else if (link.failed(part, trouble)) {
            LOG.warn("{}", trouble);
        }
    }

    private void failed(Part part, String message, int failures) {
        metrics.failed();
        link.failed(part, message);
        // Failures 1, 2, 4, 8… are warnings: an outage may last for days.
        LOG.atLevel(Integer.bitCount(failures) == 1 ? Level.WARN : Level.DEBUG)
                .log("{} (failure {} in a row)", message, failures);
    }

    /** Registers the metrics of this mirror. */
    public void register(Metrics registry) {
        registry.gauge(
                "statemanager_mirror_lag_seconds",
                "For how long our store and Pullpiri's may have differed; 0 while they agree",
                () -> link.health().lag().toMillis() / 1_000.0);
        metrics.register(registry);
    }

    MirrorMetrics metrics() {
        return metrics;
    }

    /** Ends within the time that one call of Pullpiri's store may take. */
    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
        try {
            for (Thread thread : threads) {
                thread.join(Duration.ofSeconds(5));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
