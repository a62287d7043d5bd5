// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.settings;

import io.pullpiri.proto.actioncontroller.PodStatus;
import io.pullpiri.statemanager.artifact.BrokenArtifactException;
import io.pullpiri.statemanager.artifact.Yaml;
import io.pullpiri.statemanager.cascade.Rules;
import io.pullpiri.statemanager.state.ExportedStateNames;
import io.pullpiri.statemanager.state.ReconcileVia;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the settings of a server from all their sources. The order of precedence is: command line, environment, settings file,
 * Pullpiri's settings of this machine and its variable {@code ROCKSDB_SERVICE_URL}, default. An unknown setting is an error in each
 * of our own sources.
 */
public final class SettingsLoader {

    /** Pullpiri's own settings of this machine; its components listen on {@code host.ip}. */
    public static final Path PULLPIRI = Path.of("/etc/pullpiri/settings.yaml");

    private static final String DEFAULT = "the default";
    private static final String ALL_INTERFACES = "0.0.0.0";
    private static final String PULLPIRI_STORE_VARIABLE = "ROCKSDB_SERVICE_URL";

    private static final String VARIABLE_PREFIX = "STATEMANAGER_";

    /** Variables of the launcher, the build and the client commands. They are not settings of a server. */
    private static final List<String> OTHER_VARIABLES = List.of(
            "STATEMANAGER_HOME",
            "STATEMANAGER_SERVER",
            "STATEMANAGER_ETCD",
            "STATEMANAGER_HEAP",
            "STATEMANAGER_NO_INSTALL");

    private final Map<Setting, SettingValue> values = new EnumMap<>(Setting.class);

    private SettingsLoader() {}

    /** Reads the settings as the other {@code load} does, and ignores warnings. */
    public static Settings load(
            Map<Setting, String> options, Map<String, String> environment, @Nullable Path file, Path pullpiri) {
        return load(options, environment, file, pullpiri, warning -> {});
    }

    /**
     * Reads the settings.
     *
     * @param options the options of the command line, with their values
     * @param environment all environment variables of the process
     * @param file the settings file; null for none
     * @param pullpiri Pullpiri's settings of this machine; the file need not exist
     * @param warnings receives what is replaced by a default, each time with the default and the remedy
     * @throws SettingsException if a value cannot be used, a setting is unknown, or a file cannot be read
     */
    public static Settings load(
            Map<Setting, String> options,
            Map<String, String> environment,
            @Nullable Path file,
            Path pullpiri,
            Consumer<String> warnings) {
        SettingsLoader loader = new SettingsLoader();
        for (Setting setting : Setting.values()) {
            loader.values.put(setting, new SettingValue(setting.key(), setting.defaultText(), DEFAULT));
        }
        loader.pullpiriStore(environment);
        if (file != null) {
            loader.file(file);
        }
        loader.environment(environment);
        options.forEach((setting, text) ->
                loader.values.put(setting, new SettingValue(setting.option(), text, "the command line")));
        if (loader.value(Setting.PULLPIRI_STORE).isOff()) {
            loader.addressOfPullpiri(pullpiri);
        } else {
            loader.addressAsPullpiri(pullpiri, warnings);
        }
        return loader.settings();
    }

    private Settings settings() {
        String host = value(Setting.HOST).host();
        SettingValue controller = value(Setting.ACTION_CONTROLLER);
        return new Settings(
                value(Setting.STORE).store(),
                host,
                value(Setting.PORT).integer(0, 65_535),
                portOrOff(Setting.FAULT_PORT),
                portOrOff(Setting.HTTP_PORT),
                controller.isOff()
                        ? null
                        : (controller.text().isEmpty() ? controller.with(peer(host) + ":47001") : controller)
                                .endpoint(),
                new Rules(
                        value(Setting.CONTAINER_CLEAN_EXIT_CODES).integers(),
                        value(Setting.CONTAINER_VANISH_GRACE).duration(false),
                        value(Setting.CONTAINER_EMPTY_GRACE).duration(false),
                        value(Setting.CONTAINER_STOP_WINDOW).duration(false),
                        value(Setting.MODEL_VANISHED).oneOf(Rules.Vanished.class),
                        value(Setting.RECONCILE_ON).states(Settings.MAY_BE_DEAD),
                        value(Setting.STATE_NAMES).oneOf(StateNameStyle.class) == StateNameStyle.PROTOBUF,
                        value(Setting.HISTORY_LIMIT).integer(1, 10_000)),
                value(Setting.RECONCILE_DELAY).isAuto()
                        ? null
                        : value(Setting.RECONCILE_DELAY).duration(false),
                value(Setting.RECONCILE_VIA).oneOf(ReconcileVia.class),
                value(Setting.RECONCILE_PATIENCE).duration(true),
                value(Setting.RECONCILE_RESYNC).duration(true),
                value(Setting.RECONCILE_TIMEOUT).duration(true),
                value(Setting.RECONCILE_CURRENT_STATUS).oneOf(PodStatus.class).name(),
                value(Setting.OFFLOAD_TIMEOUT).duration(true),
                value(Setting.OFFLOAD_SETTLE).duration(false),
                value(Setting.COMMIT_TIMEOUT).duration(true),
                value(Setting.QUEUE_LIMIT).integer(1, 10_000_000),
                value(Setting.PULLPIRI_STORE).isOff()
                        ? null
                        : value(Setting.PULLPIRI_STORE).pullpiriStore(),
                value(Setting.PULLPIRI_STORE_STATE_NAMES).oneOf(ExportedStateNames.class),
                value(Setting.TRACING_ENDPOINT).isOff()
                        ? null
                        : value(Setting.TRACING_ENDPOINT).httpUrl(),
                value(Setting.LOG_LEVEL).oneOf(LogLevel.class).name().toLowerCase(Locale.ROOT),
                value(Setting.LOG_SERVICE).isOff()
                        ? null
                        : value(Setting.LOG_SERVICE).socket());
    }

    /** Returns where other components of this machine are reached. */
    private static String peer(String host) {
        return host.equals(ALL_INTERFACES) || host.equals("[::]") ? "127.0.0.1" : host;
    }

    private @Nullable Integer portOrOff(Setting setting) {
        return value(setting).isOff() ? null : value(setting).integer(0, 65_535);
    }

    /** The values of {@code state-names}. */
    private enum StateNameStyle {
        TITLE,
        PROTOBUF
    }

    /** The values of {@code log.level}. */
    private enum LogLevel {
        ERROR,
        WARN,
        INFO,
        DEBUG,
        TRACE
    }

    private SettingValue value(Setting setting) {
        SettingValue value = values.get(setting);
        if (value == null) {
            throw new AssertionError(setting);
        }
        return value;
    }

    private boolean isHostGiven() {
        return !value(Setting.HOST).origin().equals(DEFAULT);
    }

    /** Takes the address from Pullpiri's settings, where they have one. Settings that cannot be read are an error. */
    private void addressOfPullpiri(Path file) {
        if (Files.exists(file)) {
            String ip = hostIp(file);
            if (ip != null && !isHostGiven()) {
                values.put(Setting.HOST, new SettingValue("host.ip", ip, file.toString()));
            }
        }
    }

    /**
     * Takes the address as Pullpiri's components do: from Pullpiri's settings, or else all interfaces. They start in any case, so
     * StateManager in their place does too.
     */
    private void addressAsPullpiri(Path file, Consumer<String> warnings) {
        if (isHostGiven()) {
            return;
        }
        try {
            String ip = hostIp(file);
            if (ip == null) {
                throw new SettingsException(file + ": has no host.ip");
            }
            SettingValue host = new SettingValue("host.ip", ip, file.toString());
            var _ = host.host();
            values.put(Setting.HOST, host);
        } catch (SettingsException e) {
            values.put(Setting.HOST, new SettingValue("host", ALL_INTERFACES, "Pullpiri's default"));
            warnings.accept(e.getMessage()
                    + "; listening on all interfaces, as Pullpiri's components do (expected: host.ip, the"
                    + " address of the vehicle's network, in this file or in --host)");
        }
    }

    private static @Nullable String hostIp(Path file) {
        return read(file) instanceof Map<?, ?> settings
                        && settings.get("host") instanceof Map<?, ?> host
                        && host.get("ip") instanceof String ip
                ? ip
                : null;
    }

    /** Takes the address of Pullpiri's store from the variable by which all of Pullpiri's components find it. */
    private void pullpiriStore(Map<String, String> environment) {
        String url = environment.getOrDefault(PULLPIRI_STORE_VARIABLE, "");
        if (!url.isBlank()) {
            values.put(Setting.PULLPIRI_STORE, new SettingValue(PULLPIRI_STORE_VARIABLE, url, "the environment"));
        }
    }

    private void file(Path file) {
        Object content = read(file);
        if (content instanceof Map<?, ?> settings) {
            nested("", settings, file);
        } else if (content != null) {
            throw new SettingsException(file + ": has no settings (expected: a map such as 'port: 47006')");
        }
    }

    private void nested(String prefix, Map<?, ?> settings, Path file) {
        settings.forEach((name, value) -> {
            String key = prefix + name;
            Optional<Setting> setting = Setting.ofKey(key);
            if (setting.isPresent()) {
                values.put(setting.get(), new SettingValue(key, text(value), file.toString()));
            } else if (value instanceof Map<?, ?> inner) {
                nested(key + ".", inner, file);
            } else {
                throw unknown(
                        key, file.toString(), Arrays.stream(Setting.values()).map(Setting::key));
            }
        });
    }

    private static String text(@Nullable Object value) {
        if (value instanceof List<?> list) {
            return list.stream().map(SettingsLoader::text).collect(Collectors.joining(","));
        }
        // YAML reads off as false.
        return value == null ? "" : value.equals(false) ? "off" : value.toString();
    }

    private static @Nullable Object read(Path file) {
        try {
            return Yaml.parse(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new SettingsException(file + ": no such file");
        } catch (IOException e) {
            throw new SettingsException(file + ": cannot be read: " + e);
        } catch (BrokenArtifactException e) {
            throw new SettingsException(file + ": " + e.reason());
        }
    }

    private void environment(Map<String, String> environment) {
        environment.forEach((variable, text) -> {
            if (variable.startsWith(VARIABLE_PREFIX) && !OTHER_VARIABLES.contains(variable)) {
                Setting setting = Setting.ofVariable(variable)
                        .orElseThrow(() -> unknown(
                                variable,
                                "the environment",
                                Arrays.stream(Setting.values()).map(Setting::variable)));
                values.put(setting, new SettingValue(variable, text, "the environment"));
            }
        });
    }

    private static SettingsException unknown(String key, String origin, Stream<String> known) {
        String nearest = known.min(Comparator.comparingInt(candidate -> distance(key, candidate)))
                .orElse("");
        return new SettingsException(key + ": no such setting (in " + origin + "); did you mean " + nearest + "?");
    }

    /** The edit distance: how many letters must be replaced, added or removed to turn one text into the other. */
    private static int distance(String from, String to) {
        int[] row = new int[to.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int changed = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.length()];
    }
}
