package io.pullpiri.statemanager.cascade;

import org.jspecify.annotations.Nullable;

/**
 * A key of the store as the view knows it.
 *
 * @param value what it holds; null for a key that is not there, or whose value means nothing
 * @param revision the commit that last wrote it, 0 for a key that is not there
 */
public record Stored<T>(@Nullable T value, long revision) {

    private static final Stored<?> ABSENT = new Stored<>(null, 0);

    @SuppressWarnings("unchecked") // it holds no value of any type
    public static <T> Stored<T> absent() {
        return (Stored<T>) ABSENT;
    }

    /** About how much memory a text takes. */
    static long bytes(Stored<String> text) {
        return text.value() == null ? 0 : 60L + text.value().length();
    }

    public boolean exists() {
        return revision != 0;
    }
}
