// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.view.ModelEntry;
import io.pullpiri.statemanager.view.PackageEntry;
import io.pullpiri.statemanager.view.RestartRecord;

/** Counts the restarts in place of dead models. */
final class RestartHandler {

    private final ViewBuilder builder;

    RestartHandler(ViewBuilder builder) {
        this.builder = builder;
    }

    /** Writes the number of a restart that is about to begin. A model that is not dead any more is not restarted. */
    // [impl->req~rec-restart-count~1]
    CommandResult count(Command.CountRestart restart) {
        ModelEntry model = builder.model(restart.model());
        if (model.state().value() != ModelState.DEAD) {
            return new CommandResult.NotAllowed("model " + model.name() + " is not dead (expected: Dead)");
        }
        builder.putRestart(
                model.name(),
                new RestartRecord(model.name(), restart.attempt(), builder.now().wallNanos()));
        return new CommandResult.Done("restart " + restart.attempt() + " of model " + model.name() + " is counted");
    }

    /** Counts the restarts of a package's models from the beginning. */
    CommandResult forget(Command.ForgetRestarts request) {
        PackageEntry entry = builder.packages().get(request.packageName());
        if (entry == null) {
            return new CommandResult.NotFound("package " + request.packageName() + " is not known");
        }
        if (entry.reconcile().value() == null) {
            return new CommandResult.NotAllowed("package " + entry.name() + " is not dead, so nothing is requested");
        }
        entry.modelNames().forEach(model -> builder.putRestart(model, null));
        return new CommandResult.Done("package " + entry.name() + " is reconciled from the beginning");
    }
}
