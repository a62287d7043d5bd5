// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class HeapTrimmerTest {

    private static final String TRIMMED = "trimmed";

    /** Keeps 16 MB alive, but each array only briefly, so that arrays are promoted and become garbage in the old generation. */
    public static final class Garbage {

        private static final int ARRAY = 64 << 10;
        private static final int LIVE = 256;
        private static final Duration TIME = Duration.ofSeconds(8);

        /** The trimmer does not collect during the start. */
        private static final Duration STARTED = Duration.ofSeconds(4);

        private Garbage() {}

        public static void main(String[] args) throws InterruptedException {
            if (args[0].equals(TRIMMED)) {
                HeapTrimmer _ = HeapTrimmer.start();
            }
            byte[][] live = new byte[LIVE][];
            long most = 0;
            long start = System.nanoTime();
            long end = start + TIME.toNanos();
            for (int i = 0; System.nanoTime() < end; i++) {
                live[i % LIVE] = new byte[ARRAY];
                if (System.nanoTime() > start + STARTED.toNanos()) {
                    most = Math.max(most, Runtime.getRuntime().totalMemory());
                }
                if (i % LIVE == 0) {
                    TimeUnit.MILLISECONDS.sleep(20);
                }
            }
            System.out.println(most >> 20);
        }
    }

    @Test
    void heapOfGarbage_staysSmall_onlyWithTheTrimmer() throws Exception {
        assertThat(mostMegabytes("untouched")).isGreaterThan(150);
        assertThat(mostMegabytes(TRIMMED)).isLessThan(100);
    }

    private static int mostMegabytes(String how) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "@tools/java.options",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Garbage.class.getName(),
                        how)
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return Integer.parseInt(output.strip());
    }
}
