// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.store.Transaction.Write;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.OffloadEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceKind;
import io.pullpiri.statemanager.view.StoreKey;
import io.pullpiri.statemanager.view.Versioned;

/** Sets the revisions of committed keys in the view. */
final class CommitAck {

    private final ViewBuilder builder;

    CommitAck(ViewBuilder builder) {
        this.builder = builder;
    }

    /**
     * Enters one write of a plan.
     *
     * @throws IllegalArgumentException if the view does not hold the key
     */
    void apply(Write write, long revision) {
        boolean deleted = write.value() == null;
        long now = deleted ? 0 : revision;
        switch (StoreKey.parse(write.key())) {
            case StoreKey.StateKey(ResourceKind kind, String name) ->
                builder.put(builder.resource(kind, name).withStateCommitted(now));
            case StoreKey.ArtifactKey(ResourceKind kind, String name) ->
                builder.put(builder.resource(kind, name).withArtifactText(new Versioned<>(write.value(), now)));
            case StoreKey.OwnKey(StoreKey.RecordKind kind, String name) -> ownRecord(kind, name, now);
            case StoreKey.MirrorMark(String name) -> builder.putMark(name, now);
            case null ->
                throw new IllegalArgumentException("key: " + write.key() + " (expected: one of StateManager's)");
        }
        if (deleted && !write.key().startsWith(Keys.OWN_PREFIX)) {
            // Events that the watch still has of this key are old.
            builder.putTombstone(write.key(), revision);
        }
    }

    private void ownRecord(StoreKey.RecordKind kind, String name, long revision) {
        switch (kind) {
            case RECONCILE -> {
                PackageEntry entry = builder.packageEntry(name);
                builder.put(entry.with(new Versioned<>(entry.reconcile().value(), revision)));
            }
            case RESTART -> {
                ModelEntry entry = builder.model(name);
                builder.put(entry.withRestart(new Versioned<>(entry.restart().value(), revision)));
            }
            case NODE -> {
                NodeEntry entry = builder.nodes().get(name);
                if (entry != null) {
                    builder.put(entry.at(revision));
                }
            }
            case OFFLOAD -> {
                OffloadEntry entry = builder.offloads().get(name);
                if (entry != null) {
                    builder.putOffload(name, new OffloadEntry(entry.record(), entry.settleEnd(), revision));
                }
            }
            case JOURNAL -> {
                if (revision != 0) {
                    builder.confirmJournalRecord(Long.parseLong(name), revision);
                }
            }
        }
    }
}
