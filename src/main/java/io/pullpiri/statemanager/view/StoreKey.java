// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.store.Keys;
import org.jspecify.annotations.Nullable;

/** A parsed key of the store: what it holds, and for which resource or record. */
public sealed interface StoreKey {

    String name();

    /** A key of one resource. It is watched, because other components write such keys too. */
    sealed interface WatchedKey extends StoreKey {

        ResourceKind kind();

        /** The revision at which the key is known according to the resource's entry; 0 for a key that does not exist. */
        long revisionIn(ResourceEntry<?> entry);
    }

    /** The key of a resource's state, such as {@code /package/{name}/state}. */
    record StateKey(ResourceKind kind, String name) implements WatchedKey {

        @Override
        public long revisionIn(ResourceEntry<?> entry) {
            return entry.state().stored().revision();
        }

        /** The key as text. */
        public String text() {
            return kind.statePrefix() + name + Keys.STATE_SUFFIX;
        }
    }

    /** The key of a resource's artifact, such as {@code Package/{name}}. */
    record ArtifactKey(ResourceKind kind, String name) implements WatchedKey {

        @Override
        public long revisionIn(ResourceEntry<?> entry) {
            return entry.artifactText().revision();
        }

        /** The key as text. */
        public String text() {
            return Keys.artifact(kind.artifactKind(), name);
        }
    }

    /** A key under {@code /statemanager/}: only StateManager writes it, and it is not watched. */
    record OwnKey(RecordKind kind, String name) implements StoreKey {}

    /**
     * A mark under {@code /statemanager/mirror/}. Its name is the key of an artifact that the mirror of Pullpiri's store
     * brought, such as {@code Package/adas}, or {@link #FIRST_STATES}.
     */
    record MirrorMark(String name) implements StoreKey {

        /** The mark that the scenario states of Pullpiri's store were taken over. It happens once. */
        public static final String FIRST_STATES = "scenario-states";

        /** The key as text. */
        public String text() {
            return Keys.MIRROR_PREFIX + name;
        }
    }

    /** StateManager's own records that the view holds. A start reads all of them. */
    enum RecordKind {
        RECONCILE(Keys.RECONCILE_PREFIX),
        RESTART(Keys.RESTART_PREFIX),
        JOURNAL(Keys.JOURNAL_PREFIX),
        NODE(Keys.NODE_PREFIX),
        OFFLOAD(Keys.OFFLOAD_PREFIX);

        private static final RecordKind[] ALL = values();

        private final String prefix;

        RecordKind(String prefix) {
            this.prefix = prefix;
        }

        /** The prefix of the keys of these records. */
        public String prefix() {
            return prefix;
        }
    }

    /** Parses a key; null for a key that the view does not hold. */
    static @Nullable StoreKey parse(String key) {
        if (key.startsWith(Keys.OWN_PREFIX)) {
            return own(key);
        }
        for (ResourceKind kind : ResourceKind.WITH_STATES) {
            String state = nameIn(key, kind.statePrefix(), Keys.STATE_SUFFIX);
            if (state != null) {
                return new StateKey(kind, state);
            }
            String artifact = nameIn(key, kind.artifactPrefix(), "");
            if (artifact != null) {
                return new ArtifactKey(kind, artifact);
            }
        }
        return null;
    }

    private static @Nullable StoreKey own(String key) {
        for (RecordKind kind : RecordKind.ALL) {
            String name = nameIn(key, kind.prefix, "");
            if (name != null) {
                return new OwnKey(kind, name);
            }
        }
        return key.startsWith(Keys.MIRROR_PREFIX) ? mark(key.substring(Keys.MIRROR_PREFIX.length())) : null;
    }

    private static @Nullable StoreKey mark(String name) {
        return name.equals(MirrorMark.FIRST_STATES) || parse(name) instanceof ArtifactKey ? new MirrorMark(name) : null;
    }

    private static @Nullable String nameIn(String key, String prefix, String suffix) {
        if (!key.startsWith(prefix) || !key.endsWith(suffix) || key.length() <= prefix.length() + suffix.length()) {
            return null;
        }
        String name = key.substring(prefix.length(), key.length() - suffix.length());
        return Names.problem(name) == null ? name : null;
    }
}
