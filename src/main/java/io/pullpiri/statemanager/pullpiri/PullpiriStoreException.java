// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.pullpiri;

import org.jspecify.annotations.Nullable;

/** A call of Pullpiri's store had no success, or its outcome is unknown. The message is for operators. */
public final class PullpiriStoreException extends Exception {

    PullpiriStoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
