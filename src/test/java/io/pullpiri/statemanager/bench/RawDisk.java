// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.HdrHistogram.Histogram;

/** The limit of a store in a file: it appends a page of 4 KiB to a file, and flushes it to the disk. */
final class RawDisk implements AutoCloseable {

    private final Path path;
    private final FileChannel file;

    RawDisk(Path folder) throws IOException {
        path = Files.createTempFile(folder, "raw", ".bin");
        file = FileChannel.open(path, StandardOpenOption.WRITE);
    }

    void oneByOne(int flushes, Histogram nanos) throws IOException {
        ByteBuffer page = ByteBuffer.allocateDirect(4096);
        for (int i = 0; i < flushes; i++) {
            long start = System.nanoTime();
            page.clear();
            while (page.hasRemaining()) {
                file.write(page);
            }
            file.force(false);
            nanos.recordValue(System.nanoTime() - start);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
        Files.delete(path);
    }
}
