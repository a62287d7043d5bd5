// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.etcd;

import com.google.protobuf.ByteString;

/** Converts a key prefix to a range of etcd: the first key, and the key after the last one. */
public final class Ranges {

    /** The smallest key as the start of a range, and "no end" as its end. */
    private static final ByteString NUL = ByteString.copyFrom(new byte[] {0});

    private Ranges() {}

    /** Returns the first key of the range. */
    public static ByteString start(String prefix) {
        return prefix.isEmpty() ? NUL : ByteString.copyFromUtf8(prefix);
    }

    /** Returns the key after the last one of the range. */
    public static ByteString end(String prefix) {
        if (prefix.isEmpty()) {
            return NUL;
        }
        byte[] end = ByteString.copyFromUtf8(prefix).toByteArray();
        // No byte of UTF-8 is 0xff, so the increment never overflows.
        end[end.length - 1]++;
        return ByteString.copyFrom(end);
    }

    /** Returns the smallest key that is greater than this one. */
    static ByteString after(ByteString key) {
        return key.concat(NUL);
    }
}
