package io.pullpiri.statemanager.cascade;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.pullpiri.statemanager.state.ContainerState;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A container as its node last reported it.
 *
 * @param name unique on its node
 * @param id podman's short id
 * @param label the model that its labels, config or name state outright, null if they state none
 * @param model the model that it counts for, null for a container of no model
 * @param why what made it dead or unknown, null for other states
 * @param absentSinceMillis when its node first left it out of a list, milliseconds since 1970; 0 while it is named
 */
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
public record Container(
        String name,
        String id,
        @Nullable String label,
        @Nullable String model,
        ContainerState state,
        int exitCode,
        @Nullable String why,
        long absentSinceMillis) {

    public Container {
        id = Objects.requireNonNullElse(id, ""); // a node's record leaves out what is empty
    }

    Container withModel(@Nullable String newModel) {
        return new Container(name, id, label, newModel, state, exitCode, why, absentSinceMillis);
    }

    Container absentSince(long millis) {
        return new Container(name, id, label, model, state, exitCode, why, millis);
    }

    /** About how much memory it takes, with its places in indexes. */
    long bytes() {
        return 350L + 2L * name.length() + (label == null ? 0 : label.length()) + (why == null ? 0 : why.length());
    }

    /** Whether its node has left it out of its last list. */
    public boolean absent() {
        return absentSinceMillis != 0;
    }
}
