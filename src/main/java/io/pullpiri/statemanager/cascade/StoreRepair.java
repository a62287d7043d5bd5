package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.view.Transition.BY_STATE_MANAGER;
import static io.pullpiri.statemanager.view.Transition.BY_STORE;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.NamedState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.view.Journal.Subject;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.NodeEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.ResourceEntry;
import io.pullpiri.statemanager.view.ScenarioEntry;
import io.pullpiri.statemanager.view.Transition;
import org.jspecify.annotations.Nullable;

/** What has become of things while nobody looked: what differs from the rules is put right, and the history says so. */
final class StoreRepair {

    private static final String WHILE_AWAY = "changed in the store while StateManager was away";

    private final ViewBuilder builder;
    private final ReportHandler reports;
    private final boolean allRead;

    StoreRepair(ViewBuilder builder, ReportHandler reports) {
        this.builder = builder;
        this.reports = reports;
        this.allRead = builder.nodes.values().stream().noneMatch(NodeEntry::unparsable);
    }

    void run() {
        models();
        builder.scenarios.values().forEach(this::scenario);
        for (PackageEntry entry : builder.packages.values()) {
            brokenNotice("Package", entry.name(), entry.artifact().broken());
            builder.markDirty(
                    entry.name(),
                    entry.artifact().exists() ? "found so at start" : "its artifact was deleted",
                    BY_STATE_MANAGER);
        }
    }

    /** Also when a package that could not be read has become known, or is gone. */
    void models() {
        if (builder.unparsable.isEmpty()) {
            reports.rematchAll();
        }
        builder.models.values().forEach(this::model);
    }

    private void model(ModelEntry entry) {
        ModelState state = entry.state().value();
        Transition latest = entry.state().history().latest();
        remember(entry);
        if (state != null && builder.isOrphan(entry) && latest != null && latest.anchored()) {
            builder.checkOrphan(entry.name());
        } else {
            reports.deriveAfterRead(entry, allRead);
        }
    }

    private void scenario(ScenarioEntry entry) {
        String name = entry.name();
        ScenarioState state = entry.state().value();
        Transition latest = entry.state().history().latest();
        brokenNotice("Scenario", name, entry.artifact().broken());
        remember(entry);
        if (state == null && entry.artifact().good() != null) {
            builder.setScenario(name, ScenarioState.IDLE, "", "its artifact appeared", BY_STORE);
        } else if (state != null && !entry.artifact().exists() && latest != null && latest.anchored()) {
            builder.setScenario(name, null, "", "its artifact was deleted", BY_STORE);
        }
    }

    /** Another component's word of the time when nobody looked belongs to the history too. */
    private void remember(ResourceEntry<?> entry) {
        Transition latest = entry.state().history().latest();
        String known = latest == null ? "" : latest.to();
        String state = NamedState.titleOf(entry.state().value());
        if (!known.equals(state)) {
            Subject subject = entry.subject();
            boolean anchored = builder.isAnchored(entry);
            builder.changeHistory(
                    subject,
                    history -> builder.decide(subject, known, state, history, "", WHILE_AWAY, BY_STORE, anchored));
        }
    }

    private void brokenNotice(String kind, String name, @Nullable String broken) {
        if (broken != null) {
            builder.addAnomaly("broken-artifact", kind + "/" + name + " is broken: " + broken);
        }
    }
}
