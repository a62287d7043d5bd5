// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Transaction;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.Transition;
import io.pullpiri.statemanager.view.View;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The result of deciding a batch. It changes nothing by itself.
 *
 * @param transactions the transactions to commit, in order; usually one, none if there is nothing to write
 * @param answers the results of the decided commands, which are the first of the batch; to be given once all transactions are
 *     committed
 * @param anomalies the anomalies to report to the operator
 * @param next the view after all transactions are committed, without the revisions of their writes
 */
public record Plan(
        List<PlannedTransaction> transactions, List<CommandResult> answers, List<Anomaly> anomalies, View next) {

    /** The plan of an empty batch. */
    public static final Plan NOTHING = new Plan(List.of(), List.of(), List.of(), View.EMPTY);

    /** The packages that are no longer dead once the plan is committed. */
    public Set<String> recovering() {
        return reconcileRecords(write -> write.value() == null);
    }

    /** The packages whose reconcile records the plan writes or deletes. */
    public Set<String> reconcileRecords() {
        return reconcileRecords(write -> true);
    }

    /** The packages that the scenarios whose states change target. */
    public Set<String> targetsOfChangedScenarios() {
        return transactions.stream()
                .flatMap(planned -> planned.transitions().stream())
                .filter(change -> change.kind() == ResourceKind.SCENARIO)
                .map(change -> next.scenarios().get(change.name()))
                .flatMap(scenario -> scenario == null ? Stream.empty() : scenario.target().stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Set<String> reconcileRecords(Predicate<Transaction.Write> wanted) {
        return transactions.stream()
                .flatMap(planned -> planned.transaction().writes().stream())
                .filter(write -> write.key().startsWith(Keys.RECONCILE_PREFIX))
                .filter(wanted)
                .map(write -> write.key().substring(Keys.RECONCILE_PREFIX.length()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * One transaction of a plan.
     *
     * @param transitions the changes of state that it makes durable, in order
     * @param sequence the number of the journal record that holds them; -1 for no record
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
     * Something unusual that was ignored or repaired, or something that a limit refused.
     *
     * @param kind for counting, such as {@code invalid-container-name}; for a refusal the name of the limit
     * @param reason why the limit refused it, one of a few names; empty if it was no limit
     * @param message for the log
     */
    public record Anomaly(String kind, String reason, String message) {

        static Anomaly of(String kind, String message) {
            return new Anomaly(kind, "", message);
        }
    }
}
