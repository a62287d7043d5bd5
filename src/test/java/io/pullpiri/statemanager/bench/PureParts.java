// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import io.pullpiri.statemanager.artifact.ArtifactParser;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.cascade.Cascade;
import io.pullpiri.statemanager.cascade.Command;
import io.pullpiri.statemanager.cascade.Plan;
import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.state.StateCounts;
import io.pullpiri.statemanager.state.StateMachine;
import io.pullpiri.statemanager.view.Timestamp;
import io.pullpiri.statemanager.view.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Benchmarks of JMH for parts that need no store and no network. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PureParts {

    private static final int BATCH = 30;
    private static final Timestamp NOW = new Timestamp(1, 1_790_000_000_000_000_000L);

    /** The number of packages of five models. */
    @Param({"10", "10000"})
    public int packages;

    private final Cascade cascade = new Cascade(
            new Rules(
                    Set.of(0, 143),
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(15),
                    Rules.Vanished.EXITED,
                    Set.of(PackageState.ERROR),
                    false,
                    100),
            new Plan.TransactionLimits(128, 1 << 20, 1L << 40));
    private final String yaml = Vehicle.artifact("package-0", Vehicle.modelNames(0, 5));
    private StateCounts<ModelState> large = StateCounts.none(ModelState.class);
    private View view = View.EMPTY;
    private List<Command> one = List.of();
    private List<Command> batch = List.of();
    private Plan plan = cascade.plan(View.EMPTY, List.of(), NOW);

    @Setup
    public void setUp() {
        large = StateCounts.of(ModelState.class, Collections.nCopies(10_000, ModelState.RUNNING))
                .minus(ModelState.RUNNING)
                .plus(ModelState.DEAD);
        for (int from = 0; from < packages; from += 10) {
            StringBuilder artifacts = new StringBuilder();
            for (int i = from; i < from + 10; i++) {
                artifacts.append("---\n").append(Vehicle.artifact(Vehicle.packageName(i), Vehicle.modelNames(i, 5)));
            }
            run(Command.ApplyArtifacts.parse(artifacts.toString()));
        }
        List<Command> reports = new ArrayList<>();
        for (int node = 0; node < BATCH; node++) {
            // Each on a package of its own, as long as there are enough packages.
            int hosted = node % packages;
            run(report("node-" + node, hosted, true));
            reports.add(report("node-" + node, hosted, false));
        }
        batch = List.copyOf(reports);
        one = batch.subList(0, 1);
        plan = cascade.plan(view, one, NOW);
    }

    private void run(Command command) {
        Plan decided = cascade.plan(view, List.of(command), NOW);
        view = cascade.committed(
                decided, Collections.nCopies(decided.transactions().size(), 7L));
    }

    private static Command report(String node, int packageIndex, boolean running) {
        List<ContainerFacts> containers = new ArrayList<>();
        for (String model : Vehicle.modelNames(packageIndex, 5)) {
            boolean dead = !running && model.endsWith("-0");
            containers.add(new ContainerFacts(
                    "id-" + model,
                    model + "_" + node,
                    "image",
                    Map.of("Status", dead ? "exited" : "running", "ExitCode", dead ? "1" : "0"),
                    Map.of(),
                    Map.of("io.pullpiri.annotations.model", model)));
        }
        return new Command.NodeReport(node, containers);
    }

    /** Applies the package rule to a package of 10,000 models. */
    @Benchmark
    public PackageState rule() {
        return StateMachine.packageState(large);
    }

    /** Changes one of the 10,000 models, then applies the rule. */
    @Benchmark
    public PackageState ruleAfterAChange() {
        return StateMachine.packageState(large.minus(ModelState.RUNNING).plus(ModelState.DEAD));
    }

    /** Plans a report of five containers of which one has died, up to the texts of the transaction. */
    @Benchmark
    public Plan planOfAReport() {
        return cascade.plan(view, one, NOW);
    }

    /** Plans such reports of thirty nodes in one batch. */
    @Benchmark
    public Plan planOfABatch() {
        return cascade.plan(view, batch, NOW);
    }

    /** Makes the view that readers get after a plan was committed. */
    @Benchmark
    public View nextView() {
        return cascade.committed(plan, List.of(8L));
    }

    /** Parses an artifact of a package with five models. */
    @Benchmark
    public Object parse() throws BrokenArtifactException {
        return ArtifactParser.parseAll(yaml);
    }
}
