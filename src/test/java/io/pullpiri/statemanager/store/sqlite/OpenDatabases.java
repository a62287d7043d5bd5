// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.store.sqlite;

import io.pullpiri.statemanager.store.StoreUnavailableException;
import java.nio.file.Path;

/** Opens each file in its arguments, and prints a line for it: {@code opened}, or why not. */
final class OpenDatabases {

    private OpenDatabases() {}

    @SuppressWarnings("SystemOut") // its purpose
    public static void main(String[] args) {
        for (String file : args) {
            try {
                SqliteStore.open(Path.of(file)).close();
                System.out.println("opened");
            } catch (StoreUnavailableException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
