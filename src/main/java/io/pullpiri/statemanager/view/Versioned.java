package io.pullpiri.statemanager.view;

import org.jspecify.annotations.Nullable;

/**
 * A key of the store as the view knows it.
 *
 * @param value what it holds; null for a key that is not there, or whose value means nothing
 * @param revision the commit that last wrote it, 0 for a key that is not there
 */
public record Versioned<T>(@Nullable T value, long revision) {

    private static final Versioned<?> ABSENT = new Versioned<>(null, 0);

    @SuppressWarnings("unchecked") // it holds no value of any type
    public static <T> Versioned<T> absent() {
        return (Versioned<T>) ABSENT;
    }

    /** About how much memory a text takes. */
    static long bytes(Versioned<String> text) {
        return text.value() == null ? 0 : 60L + text.value().length();
    }

    public boolean exists() {
        return revision != 0;
    }
}
