// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.pullpiri.statemanager.state.ContainerState;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A container as its node last reported it.
 *
 * @param name unique on its node
 * @param id podman's short id
 * @param label the model that its annotations, configuration or name state; null if they state none
 * @param model the model that it counts for; null for a container of no model
 * @param exitCode as podman gave it, of a container that has ended or could not be started; empty if it is 0
 * @param podman podman's status, such as {@code stopping}, if it differs from the usual one for the state; null otherwise
 * @param why why it is dead or unknown, or why it could not be started; null for other containers
 * @param startedNanos when it was last started, in nanoseconds since 1970; 0 if it is not known. Stored as {@code started}.
 * @param finishedNanos when it last ended, in nanoseconds since 1970; 0 if it is not known. It stays when the container starts
 *     again. Stored as {@code finished}.
 * @param launch what ActionController wrote when it launched the container; null for a container of another origin
 * @param moved whether it ended because its model was offloaded to another node, and so counts as exited
 * @param restarts how often the same container was started again, as far as lists showed it
 * @param absentSinceMillis when a list of its node first left it out, in milliseconds since 1970; 0 while lists name it
 * @param goneAtMillis when its grace period ends, in milliseconds since 1970; 0 while lists name it, and in a record of an
 *     older version
 * @param absence why it counts although it is absent; null while lists name it
 * @param stoppedSinceMillis when a list first named it as ended in the way that NodeAgent stops a container, in milliseconds
 *     since 1970; 0 if it did not end so
 */
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
public record Container(
        String name,
        String id,
        @Nullable String label,
        @Nullable String model,
        ContainerState state,
        String exitCode,
        @Nullable String podman,
        @Nullable String why,
        @JsonProperty("started") long startedNanos,
        @JsonProperty("finished") long finishedNanos,
        @Nullable Launch launch,
        boolean moved,
        int restarts,
        long absentSinceMillis,
        long goneAtMillis,
        @Nullable Absence absence,
        long stoppedSinceMillis)
        implements StoredRecord {

    public Container {
        // A node record omits empty texts.
        id = Objects.requireNonNullElse(id, "");
        exitCode = Objects.requireNonNullElse(exitCode, "");
        if (absentSinceMillis != 0 && absence == null) {
            absence = Absence.LEFT_OUT; // a record of an older version
        }
    }

    /** The container with another model; null for none. */
    public Container withModel(@Nullable String newModel) {
        return with(newModel, absentSinceMillis, goneAtMillis, absence, stoppedSinceMillis);
    }

    /** The container when lists of its node leave it out. */
    public Container absent(long sinceMillis, long newGoneAtMillis, Absence newAbsence) {
        return with(model, sinceMillis, newGoneAtMillis, newAbsence, stoppedSinceMillis);
    }

    /** The container after its grace period, if it goes on counting as dead. */
    public Container removed() {
        return with(model, absentSinceMillis, goneAtMillis, Absence.REMOVED, 0);
    }

    /** The container with another time at which it was first named as ended. */
    public Container stoppedSince(long millis) {
        return with(model, absentSinceMillis, goneAtMillis, absence, millis);
    }

    /** The container with another number of restarts. */
    public Container withRestarts(int newRestarts) {
        return new Container(
                name,
                id,
                label,
                model,
                state,
                exitCode,
                podman,
                why,
                startedNanos,
                finishedNanos,
                launch,
                moved,
                newRestarts,
                absentSinceMillis,
                goneAtMillis,
                absence,
                stoppedSinceMillis);
    }

    /** How often a container was started again, if this was an earlier report of it. */
    public int restartsUntil(Container later) {
        if (!id.equals(later.id)) {
            return 0;
        }
        boolean startedAgain = startedNanos > 0 && later.startedNanos > startedNanos;
        return startedAgain ? restarts + 1 : restarts;
    }

    private Container with(
            @Nullable String newModel,
            long newAbsentSinceMillis,
            long newGoneAtMillis,
            @Nullable Absence newAbsence,
            long newStoppedSinceMillis) {
        return new Container(
                name,
                id,
                label,
                newModel,
                state,
                exitCode,
                podman,
                why,
                startedNanos,
                finishedNanos,
                launch,
                moved,
                restarts,
                newAbsentSinceMillis,
                newGoneAtMillis,
                newAbsence,
                newStoppedSinceMillis);
    }

    /** The container as one that ended because its model was offloaded. */
    public Container asMoved() {
        return new Container(
                name,
                id,
                label,
                model,
                ContainerState.EXITED,
                exitCode,
                podman,
                why,
                startedNanos,
                finishedNanos,
                launch,
                true,
                restarts,
                absentSinceMillis,
                goneAtMillis,
                absence,
                0);
    }

    /** Whether the other is the same container, and was not started again. */
    public boolean isSameRun(Container other) {
        return id.equals(other.id) && startedNanos == other.startedNanos;
    }

    /** The estimated memory in bytes, with its places in indexes. */
    public long bytes() {
        return 394L
                + Launch.bytes(launch)
                + 2L * name.length()
                + exitCode.length()
                + (label == null ? 0 : label.length())
                + (podman == null ? 0 : podman.length())
                + (why == null ? 0 : why.length());
    }

    /**
     * Describes what the container does, or why it ended: {@code running}, {@code running (podman: stopping)},
     * {@code exit code 139}, {@code created, start failed with code 127: …}.
     */
    public String description() {
        return switch (state) {
            case DEAD, UNKNOWN ->
                withPodmanStatus(why == null ? statusName() : why) + (absence == Absence.REMOVED ? ", removed" : "");
            case CREATED, INITIALIZED -> withPodmanStatus(statusName()) + (why == null ? "" : ", " + why);
            case RUNNING, PAUSED -> withPodmanStatus(statusName());
            case EXITED ->
                withPodmanStatus(statusName())
                        + (moved ? ", " + (why == null ? "" : why + " ") + "while it was offloaded" : "");
        };
    }

    private String withPodmanStatus(String text) {
        return podman == null ? text : text + " (podman: " + podman + ")";
    }

    private String statusName() {
        return state.title().toLowerCase(Locale.ROOT);
    }

    /** Whether its model was found only by its name, which has the form {@code {model}_{container}}. */
    public boolean isMatchedByName() {
        return label == null && model != null;
    }

    /** The number of characters of all its texts. */
    public int characters() {
        return name.length()
                + id.length()
                + exitCode.length()
                + (podman == null ? 0 : podman.length())
                + (label == null ? 0 : label.length())
                + (model == null ? 0 : model.length())
                + (why == null ? 0 : why.length())
                + (launch == null ? 0 : launch.characters());
    }

    /** Whether it counts for the model. */
    public boolean belongsTo(@Nullable String otherModel) {
        return Objects.equals(model, otherModel);
    }

    /** Whether it and an earlier report of it tell of the same end, which may be a stop by NodeAgent. */
    public boolean endedAs(Container earlier) {
        return stoppedSinceMillis != 0
                && earlier.stoppedSinceMillis != 0
                && id.equals(earlier.id)
                && finishedNanos == earlier.finishedNanos;
    }

    /** Whether the last list of its node left it out. */
    public boolean absent() {
        return absentSinceMillis != 0;
    }
}
