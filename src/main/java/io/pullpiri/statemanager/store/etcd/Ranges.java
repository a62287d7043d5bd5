package io.pullpiri.statemanager.store.etcd;

import com.google.protobuf.ByteString;

/** Prefixes as etcd takes them: a first key and the key after the last one. */
public final class Ranges {

    /** As a range's start it is the smallest key, as its end it means "no end". */
    private static final ByteString NUL = ByteString.copyFrom(new byte[] {0});

    private Ranges() {}

    public static ByteString start(String prefix) {
        return prefix.isEmpty() ? NUL : ByteString.copyFromUtf8(prefix);
    }

    public static ByteString end(String prefix) {
        if (prefix.isEmpty()) {
            return NUL;
        }
        byte[] end = ByteString.copyFromUtf8(prefix).toByteArray();
        // No byte of UTF-8 is 0xff: adding one never carries.
        end[end.length - 1]++;
        return ByteString.copyFrom(end);
    }

    static ByteString after(ByteString key) {
        return key.concat(NUL);
    }
}
