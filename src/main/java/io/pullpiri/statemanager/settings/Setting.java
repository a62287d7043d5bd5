// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.settings;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * The table of all settings. The keys of the settings file, the environment variables, and the options of {@code serve} with
 * their help are derived from it. The README repeats it; a test compares them.
 */
public enum Setting {
    STORE("store", "sqlite:statemanager.db", "URL", "sqlite:PATH, or etcd://host:port[,host:port...]"),
    HOST(
            "host",
            "127.0.0.1",
            "HOST",
            "address to listen on; host.ip of /etc/pullpiri/settings.yaml where that exists; without it, and with pullpiri-store,"
                    + " all interfaces"),
    PORT("port", "47006", "PORT", "gRPC for Pullpiri's components and this command line; 0 is any free port"),
    FAULT_PORT("fault-port", "50053", "PORT", "gRPC for Timpani's faults; 0 is any free port, off closes it"),
    HTTP_PORT(
            "http-port",
            "47016",
            "PORT",
            "HTTP for dashboard, REST, events and metrics; 0 is any free port, off closes it"),
    ACTION_CONTROLLER(
            "action-controller",
            "",
            "HOST:PORT",
            "address of ActionController, which reconciles packages; off sends no requests (default: port 47001 of host)"),
    STATE_NAMES(
            "state-names",
            "title",
            "HOW",
            "how states are stored: title (Running) or protobuf (PACKAGE_STATE_RUNNING)"),
    PULLPIRI_STORE(
            "pullpiri-store",
            "off",
            "URL",
            "Pullpiri's key-value service: http://HOST:PORT, or off (where ROCKSDB_SERVICE_URL is set, its value)"),
    PULLPIRI_STORE_STATE_NAMES(
            "pullpiri-store.state-names",
            "pullpiri",
            "HOW",
            "how states are written there: pullpiri (as its StateManager does), title or protobuf"),
    RECONCILE_ON("reconcile.on", "error", "STATES", "in which states a package counts as dead: error, degraded"),
    RECONCILE_DELAY(
            "reconcile.delay",
            "auto",
            "TIME",
            "how long a package must be dead before the first request; auto waits until NodeAgent's own restarts are over"),
    RECONCILE_VIA(
            "reconcile.via",
            "auto",
            "HOW",
            "reconcile, offload (restarts dead models in place), or auto: restarts them after Reconcile was refused"),
    RECONCILE_PATIENCE(
            "reconcile.patience",
            "5m",
            "TIME",
            "how long after an acknowledgement a package that is still dead counts as refused, with auto"),
    RECONCILE_RESYNC(
            "reconcile.resync",
            "60s",
            "TIME",
            "how long after its acknowledgement a request is repeated if the package is still dead"),
    RECONCILE_TIMEOUT("reconcile.timeout", "5s", "TIME", "how long one request may take"),
    RECONCILE_CURRENT_STATUS(
            "reconcile.current-status",
            "FAILED",
            "STATUS",
            "the current status in a request: NONE, INIT, READY, RUNNING, DONE, FAILED or UNKNOWN"),
    OFFLOAD_TIMEOUT(
            "offload.timeout", "5m", "TIME", "how long ActionController may take to move a model to another node"),
    OFFLOAD_SETTLE(
            "offload.settle",
            "60s",
            "TIME",
            "how long after such a move the end of a container on its source counts as exited, and no reconcile is requested"),
    CONTAINER_VANISH_GRACE(
            "container.vanish-grace",
            "3s",
            "TIME",
            "how long a container still counts that a list with other containers left out"),
    CONTAINER_EMPTY_GRACE(
            "container.empty-grace", "30s", "TIME", "how long a container still counts that only empty lists left out"),
    CONTAINER_STOP_WINDOW(
            "container.stop-window",
            "15s",
            "TIME",
            "a container that ended with code 137 or 143 and is removed within this time was stopped on purpose"),
    CONTAINER_CLEAN_EXIT_CODES("container.clean-exit-codes", "0,143", "CODES", "exit codes that are a clean stop"),
    MODEL_VANISHED(
            "model.vanished",
            "exited",
            "STATE",
            "what a running or paused model becomes when its last container is gone: exited, dead or keep"),
    COMMIT_TIMEOUT("commit.timeout", "5s", "TIME", "how long a commit may take, and how long a caller waits at most"),
    QUEUE_LIMIT("queue.limit", "10000", "COUNT", "how many commands may wait; further ones are refused"),
    HISTORY_LIMIT("history.limit", "100", "COUNT", "how many journal records of a resource's changes are kept"),
    TRACING_ENDPOINT(
            "tracing.endpoint",
            "off",
            "URL",
            "collector of traces (OpenTelemetry's OTLP over HTTP), e.g. http://127.0.0.1:4318; off sends none"),
    LOG_LEVEL("log.level", "info", "LEVEL", "error, warn, info, debug or trace"),
    LOG_SERVICE(
            "log.service",
            "/run/pullpirilog/logd.sock",
            "PATH",
            "socket of Pullpiri's LogService, which gets the log too while the socket exists; off is none");

    private static final String ENVIRONMENT_PREFIX = "STATEMANAGER_";

    private final String key;
    private final String defaultText;
    private final String placeholder;
    private final String description;

    Setting(String key, String defaultText, String placeholder, String description) {
        this.key = key;
        this.defaultText = defaultText;
        this.placeholder = placeholder;
        this.description = description;
    }

    /** The key in the settings file, such as {@code reconcile.on}. The file may nest it. */
    public String key() {
        return key;
    }

    /** The option of {@code serve}, such as {@code --reconcile-on}. */
    public String option() {
        return "--" + key.replace('.', '-');
    }

    /** The environment variable, such as {@code STATEMANAGER_RECONCILE_ON}. */
    public String variable() {
        return ENVIRONMENT_PREFIX + key.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }

    /** The default as a user writes it; empty where it depends on another setting. */
    public String defaultText() {
        return defaultText;
    }

    /** Returns the placeholder of the value in {@code --help} and README, such as {@code PORT}. */
    public String placeholder() {
        return placeholder;
    }

    /** Returns what the setting changes, for {@code --help} and README. */
    public String description() {
        return description;
    }

    static Optional<Setting> ofKey(String key) {
        return Arrays.stream(values())
                .filter(setting -> setting.key.equals(key))
                .findFirst();
    }

    static Optional<Setting> ofVariable(String variable) {
        return Arrays.stream(values())
                .filter(setting -> setting.variable().equals(variable))
                .findFirst();
    }
}
