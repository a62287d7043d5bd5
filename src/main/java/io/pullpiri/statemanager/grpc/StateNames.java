package io.pullpiri.statemanager.grpc;

import io.pullpiri.statemanager.view.ResourceKind;
import java.util.Locale;

/**
 * How states are answered: as they are stored.
 *
 * @param protobuf {@code PACKAGE_STATE_RUNNING} rather than {@code Running}
 */
record StateNames(boolean protobuf) {

    /** @param title {@code Running}; empty for none */
    String of(ResourceKind kind, String title) {
        return protobuf && !title.isEmpty() ? kind + "_STATE_" + title.toUpperCase(Locale.ROOT) : title;
    }
}
