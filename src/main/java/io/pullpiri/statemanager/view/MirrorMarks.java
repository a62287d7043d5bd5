// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.pcollections.TreePMap;

/**
 * The marks of the mirror of Pullpiri's store; see {@link StoreKey.MirrorMark}. Immutable.
 *
 * @param stored the names of the stored marks, with the revisions of their keys
 * @param changes the names of the marks to be written (true) or deleted, until that is committed
 */
public record MirrorMarks(TreePMap<String, Long> stored, TreePMap<String, Boolean> changes) {

    /** No mark. */
    public static final MirrorMarks NONE = new MirrorMarks(TreePMap.empty(), TreePMap.empty());

    /** Whether a mark is set. */
    public boolean has(String name) {
        return changes.getOrDefault(name, stored.containsKey(name));
    }

    /** The names of the marks that are set. */
    public SortedSet<String> names() {
        SortedSet<String> names = new TreeSet<>(stored.keySet());
        for (Map.Entry<String, Boolean> change : changes.entrySet()) {
            if (change.getValue()) {
                names.add(change.getKey());
            } else {
                names.remove(change.getKey());
            }
        }
        return names;
    }

    /** The marks after one was set or removed. */
    public MirrorMarks with(String name, boolean isSet) {
        if (has(name) == isSet) {
            return this;
        }
        return new MirrorMarks(
                stored, stored.containsKey(name) == isSet ? changes.minus(name) : changes.plus(name, isSet));
    }

    /** The revision at which a mark is stored; 0 if it is not. */
    public long revision(String name) {
        return stored.getOrDefault(name, 0L);
    }

    /** The marks after a key was read or written at a revision; 0 for a key that was deleted. */
    public MirrorMarks at(String name, long revision) {
        return new MirrorMarks(revision == 0 ? stored.minus(name) : stored.plus(name, revision), changes.minus(name));
    }
}
