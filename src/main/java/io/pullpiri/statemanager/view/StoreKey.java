package io.pullpiri.statemanager.view;

import io.pullpiri.statemanager.state.Names;
import io.pullpiri.statemanager.store.Keys;
import org.jspecify.annotations.Nullable;

/** A key of the store, taken apart. */
public record StoreKey(KeyKind kind, String name) {

    public enum KeyKind {
        PACKAGE_STATE(Keys.PACKAGE_STATE_PREFIX, Keys.STATE_SUFFIX),
        MODEL_STATE(Keys.MODEL_STATE_PREFIX, Keys.STATE_SUFFIX),
        SCENARIO_STATE(Keys.SCENARIO_STATE_PREFIX, Keys.STATE_SUFFIX),
        PACKAGE_ARTIFACT(Keys.PACKAGE_ARTIFACT_PREFIX, ""),
        SCENARIO_ARTIFACT(Keys.SCENARIO_ARTIFACT_PREFIX, ""),
        MODEL_ARTIFACT(Keys.MODEL_ARTIFACT_PREFIX, ""),
        RECONCILE(Keys.RECONCILE_PREFIX, ""),
        JOURNAL(Keys.JOURNAL_PREFIX, ""),
        NODE(Keys.NODE_PREFIX, "");

        private final String prefix;
        private final String suffix;

        KeyKind(String prefix, String suffix) {
            this.prefix = prefix;
            this.suffix = suffix;
        }

        /** Whether others write such keys too; the rest is StateManager's own. */
        public boolean isWatched() {
            return !prefix.startsWith(Keys.OWN_PREFIX);
        }
    }

    private static final KeyKind[] KINDS = KeyKind.values();

    /** Null for a key that means nothing to us. */
    public static @Nullable StoreKey parse(String key) {
        for (KeyKind kind : KINDS) {
            if (key.startsWith(kind.prefix)
                    && key.endsWith(kind.suffix)
                    && key.length() > kind.prefix.length() + kind.suffix.length()) {
                String name = key.substring(kind.prefix.length(), key.length() - kind.suffix.length());
                return Names.problem(name) == null ? new StoreKey(kind, name) : null;
            }
        }
        return null;
    }
}
