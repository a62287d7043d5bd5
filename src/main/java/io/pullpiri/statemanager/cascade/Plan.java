package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What a batch of commands leads to: decided, not yet done.
 *
 * @param parts the transactions to commit, in order; usually one, none if nothing is to be written
 * @param answers one for each command that was decided, which are the first of the batch, to be given when all parts are
 *     committed
 * @param anomalies what an operator should hear of
 * @param next the view once all parts are committed, but for the revisions of what they write
 */
public record Plan(List<PlannedTransaction> parts, List<CommandResult> answers, List<Anomaly> anomalies, View next) {

    /** Of no command. */
    public static final Plan NOTHING = new Plan(List.of(), List.of(), List.of(), View.EMPTY);

    /** The packages that are dead no more once it is done. */
    public Set<String> recovering() {
        return reconcileRecords(write -> write.value() == null);
    }

    /** The packages whose reconcile records it writes or deletes. */
    public Set<String> reconcileRecords() {
        return reconcileRecords(write -> true);
    }

    private Set<String> reconcileRecords(Predicate<Transaction.Write> wanted) {
        return parts.stream()
                .flatMap(part -> part.transaction().writes().stream())
                .filter(write -> write.key().startsWith(Keys.RECONCILE_PREFIX))
                .filter(wanted)
                .map(write -> write.key().substring(Keys.RECONCILE_PREFIX.length()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * One transaction.
     *
     * @param transitions the changes of state that it makes durable, in order
     * @param sequence of the journal record that holds them; -1 if it has none
     */
    public record PlannedTransaction(Transaction transaction, List<Transition> transitions, long sequence) {}

    /**
     * Upper limits of a plan's transactions and of the view.
     *
     * @param maxWrites writes in one transaction
     * @param maxBytes bytes of keys and values in one transaction
     * @param maxMemory the estimated memory of the view in bytes; when it is used up, nothing new that callers name is
     *     accepted
     */
    public record TransactionLimits(int maxWrites, int maxBytes, long maxMemory) {}

    /**
     * Something odd that was passed over or put right, or that a limit refused.
     *
     * @param kind for counting, e.g. {@code invalid-container-name}; the limit's name if a limit refused something
     * @param reason why the limit refused it, one of a few words; empty if no limit did
     */
    public record Anomaly(String kind, String reason, String message) {

        static Anomaly of(String kind, String message) {
            return new Anomaly(kind, "", message);
        }
    }
}
