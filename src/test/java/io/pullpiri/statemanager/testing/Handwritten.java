// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The files under {@code handwritten/}. */
public final class Handwritten {

    private Handwritten() {}

    public static byte[] bytes(String file) throws IOException {
        try (InputStream in = Handwritten.class.getResourceAsStream("/handwritten/" + file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        }
    }

    public static String text(String file) throws IOException {
        return new String(bytes(file), StandardCharsets.UTF_8);
    }
}
