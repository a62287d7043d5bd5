package io.pullpiri.statemanager.cascade;

import io.pullpiri.statemanager.state.ModelState;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Why a package is as it is, in words an operator can act on. */
final class Causes {

    private static final int NAMED = 3;

    private Causes() {}

    /** {@code 1 of 4 models dead: …} */
    static String count(PackageEntry entry, ModelState counted, String which) {
        return entry.models().count(counted) + " of " + entry.models().total() + " models "
                + counted.title().toLowerCase(Locale.ROOT) + ": " + which;
    }

    /** {@code 2 of 4 models dead: brake dead (container brake_ctl on HPC: exit code 139), light dead (…)} */
    static String dead(PackageEntry entry, Function<String, @Nullable ModelEntry> models) {
        List<String> named = new ArrayList<>();
        for (String name : entry.modelNames()) {
            ModelEntry model = models.apply(name);
            if (model != null && model.counted() == ModelState.DEAD) {
                Transition latest = model.state().history().latest();
                named.add(name + " dead" + (latest == null ? "" : " (" + latest.cause() + ")"));
            }
            if (named.size() == NAMED) {
                break;
            }
        }
        int others = entry.models().count(ModelState.DEAD) - named.size();
        return count(
                entry, ModelState.DEAD, String.join(", ", named) + (others > 0 ? ", and " + others + " more" : ""));
    }
}
