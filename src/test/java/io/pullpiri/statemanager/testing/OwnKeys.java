// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.testing;

import java.util.Collection;
import java.util.regex.Pattern;

/** The keys that StateManager may write, according to the specification and independent of the code under test. */
public final class OwnKeys {

    private static final String NAME = "[^/<>?{}\\p{Cc}]+";

    private static final Pattern ALLOWED = Pattern.compile("/(package|model|scenario)/" + NAME + "/state"
            + "|(Package|Scenario|Model)/" + NAME
            + "|/statemanager/(reconcile|restart|offload|node|journal)/" + NAME + "|/statemanager/(format|probe|owner)"
            + "|/statemanager/mirror/(scenario-states|(Package|Scenario|Model)/" + NAME + ")");

    private OwnKeys() {}

    public static boolean matches(String key) {
        return ALLOWED.matcher(key).matches();
    }

    public static void requireAll(Collection<String> keys) {
        for (String key : keys) {
            if (!matches(key)) {
                throw new AssertionError("a key that is not ours: " + key);
            }
        }
    }
}
