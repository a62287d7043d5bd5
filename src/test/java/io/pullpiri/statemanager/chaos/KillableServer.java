package io.pullpiri.statemanager.chaos;

import io.pullpiri.statemanager.Proc;
import io.pullpiri.statemanager.store.etcd.EtcdServer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The program on a store, always on the same port. What it says is in {@code target/chaos-server.log}. */
final class KillableServer implements AutoCloseable {

    private final String store;
    private final List<String> javaOptions;
    private final int port = EtcdServer.freePort();
    private Process process;

    KillableServer(String store, String... javaOptions) throws IOException {
        this.store = store;
        this.javaOptions = List.of(javaOptions);
        this.process = launch();
    }

    int port() {
        return port;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    private Process launch() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@tools/java.options");
        command.addAll(javaOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.pullpiri.statemanager.cli.Main"));
        command.addAll(List.of("serve", "--store", store, "--port", String.valueOf(port)));
        command.addAll(List.of("--fault-port", "off", "--http-port", "off", "--action-controller", "off"));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(new File("target/chaos-server.log")))
                .start();
    }

    /** As kill -9. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** After a {@link #kill}. */
    void restart() throws IOException {
        process = launch();
    }

    void freeze() throws IOException, InterruptedException {
        signal("STOP");
    }

    void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, String.valueOf(pid())).start().waitFor();
    }

    /** Of {@code /proc}: {@code VmRSS} in kB, {@code Threads}. */
    double status(String field) {
        return Proc.number(pid(), "status", field);
    }

    /** How many files and connections it has open. */
    long descriptors() {
        try (Stream<Path> open = Files.list(Path.of("/proc/" + pid() + "/fd"))) {
            return open.count();
        } catch (IOException e) {
            throw new IllegalStateException("the server has ended", e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
