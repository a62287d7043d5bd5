package io.pullpiri.statemanager.testing;

/** What {@code make} is given, for programs among the tests. */
public final class Argument {

    private Argument() {}

    /** The number; ends the program with a line on stderr if it is none, or less than the least. */
    public static long number(String name, String text, long least) {
        return number(name, text, least, "");
    }

    /** @param why there is nothing less, empty if that goes without saying */
    public static long number(String name, String text, long least, String why) {
        try {
            long number = Long.parseLong(text);
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw refused(name, text, "a whole number from " + least + (why.isEmpty() ? "" : ": " + why));
    }

    /** Ends the program. */
    public static Error refused(String name, String text, String expected) {
        System.err.printf("%s: '%s' (expected: %s)%n", name, text, expected);
        System.exit(2);
        return new AssertionError();
    }
}
