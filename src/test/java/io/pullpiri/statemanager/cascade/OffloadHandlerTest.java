// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.testing.CascadeRig.apply;
import static io.pullpiri.statemanager.testing.CascadeRig.packageYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.cascade.Command.OffloadOutcome;
import io.pullpiri.statemanager.container.ContainerFacts;
import io.pullpiri.statemanager.state.PackageState;
import io.pullpiri.statemanager.store.Keys;
import io.pullpiri.statemanager.testing.CascadeRig;
import io.pullpiri.statemanager.view.OffloadRecord;
import io.pullpiri.statemanager.view.OffloadRequest;
import io.pullpiri.statemanager.view.ResourceKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Moves of models: their records, what counts during them, and what becomes of them. */
class OffloadHandlerTest {

    private static final Duration SETTLE = Duration.ofSeconds(60);

    private CascadeRig rig = new CascadeRig();

    /** Model {@code brake} of package {@code adas} runs on node A. */
    @BeforeEach
    void setUp() {
        begin(CascadeRig.RULES);
    }

    private void begin(Rules rules) {
        rig = new CascadeRig(rules, new Plan.TransactionLimits(128, 1 << 20, 1L << 40));
        rig.run(apply(packageYaml("adas", "brake", "light")));
        rig.run(list("A", "brake_main=a1:running", "light_main=l1:running"));
        assertThat(rig.packageState("adas")).isEqualTo("Running");
    }

    /** A list; a container is {@code model_name=id:status[:code[:started]]}. */
    private static Command list(String node, String... containers) {
        List<ContainerFacts> all = new ArrayList<>();
        for (String text : containers) {
            String name = text.substring(0, text.indexOf('='));
            String[] parts = text.substring(text.indexOf('=') + 1).split(":", -1);
            all.add(new ContainerFacts(
                    parts[0],
                    name,
                    "image",
                    Map.of(
                            "Status",
                            parts[1],
                            "ExitCode",
                            parts.length > 2 ? parts[2] : "0",
                            "StartedAt",
                            "2026-07-01T10:00:" + (parts.length > 3 ? parts[3] : "00") + "Z"),
                    Map.of(),
                    Map.of("io.pullpiri.annotations.model", name.substring(0, name.indexOf('_')))));
        }
        return new Command.NodeReport(node, all);
    }

    private static OffloadRequest request(String model) {
        return new OffloadRequest("drive", "adas", model, "A", "B", "cool", "too hot");
    }

    private CommandResult offload(String id) {
        return rig.run(new Command.BeginOffload(request("brake"), id)).getFirst();
    }

    private void end(String id, OffloadOutcome outcome) {
        rig.run(new Command.EndOffload("brake", id, outcome, "image not found", SETTLE));
    }

    private void settle() {
        rig.pass(SETTLE);
        rig.run(new Command.Tick());
    }

    private OffloadRecord record() {
        return Objects.requireNonNull(rig.view.offload("brake"));
    }

    private boolean isStored() {
        return rig.keys().contains(Keys.offload("brake"));
    }

    // [utest->req~off-record~2]
    @Test
    void offload_isStoredWithItsContainers() {
        assertThat(offload("id-1")).isInstanceOf(CommandResult.Done.class);
        assertThat(rig.value(Keys.offload("brake")))
                .contains("\"sourceNode\":\"A\"")
                .contains("\"transitionId\":\"id-1\"")
                .contains("\"container\":\"a1\"")
                .doesNotContain("l1");
        assertThat(rig.view.isOffloading("brake")).isTrue();
        assertThat(rig.view.isOffloading("light")).isFalse();
    }

    // [utest->req~off-record~2]
    @Test
    void secondRequestWhileACallIsOpen_isRefused() {
        offload("id-1");
        assertThat(offload("id-2"))
                .isInstanceOfSatisfying(
                        CommandResult.NotAllowed.class,
                        refused -> assertThat(refused.reason())
                                .startsWith(
                                        "model_name: model brake from A to B (policy cool: too hot) is being offloaded"));
        assertThat(record().transitionId()).isEqualTo("id-1");
        assertThat(rig.run(new Command.BeginOffload(request("light"), "id-3")))
                .as("another model")
                .hasOnlyElementsOfType(CommandResult.Done.class);
    }

    // [utest->req~off-record~2]
    @Test
    void sameRequest_isDecidedTwiceAfterALostAnswerOfTheStore() {
        offload("id-1");
        assertThat(offload("id-1")).isInstanceOf(CommandResult.Done.class);
    }

    // [utest->req~off-record~2]
    @Test
    void requestDuringTheSettleTime_beginsANewOffload() {
        offload("id-1");
        end("id-1", OffloadOutcome.SUCCEEDED);
        assertThat(offload("id-2")).isInstanceOf(CommandResult.Done.class);
        end("id-1", OffloadOutcome.FAILED);
        assertThat(record().isOpen()).as("the end of another offload").isTrue();
    }

    // [utest->req~off-record~2]
    @Test
    void callThatWasNotSent_leavesNoRecord() {
        offload("id-1");
        end("id-1", OffloadOutcome.NOT_SENT);
        assertThat(isStored()).isFalse();
        assertThat(rig.view.offloads()).isEmpty();
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
    }

    // [utest->req~off-record~2]
    @Test
    void moreThanAThousandOffloads_areRefused() {
        for (int i = 0; i < 1_000; i++) {
            rig.run(new Command.BeginOffload(request("m" + i), "id"));
        }
        assertThat(offload("id")).isInstanceOf(CommandResult.ResourceExhausted.class);
        assertThat(rig.notices).anySatisfy(notice -> {
            assertThat(notice.kind()).isEqualTo("offloads");
            assertThat(notice.reason()).isEqualTo("full");
        });
    }

    // [utest->req~off-stop~1]
    @Test
    void containerThatIsStoppedByTheOffload_countsAsExited_alsoAfterwards() {
        offload("id-1");
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Exited");
        assertThat(rig.packageState("adas")).isEqualTo("Running");
        assertThat(rig.lastCause(ResourceKind.MODEL, "brake"))
                .isEqualTo("container brake_main on A: exited, exit code 137 while it was offloaded");
        rig.run(list("B", "brake_main=b1:running"));
        end("id-1", OffloadOutcome.SUCCEEDED);
        settle();
        assertThat(isStored()).isFalse();
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:paused"));
        assertThat(rig.modelState("brake")).isEqualTo("Running");
        rig.restart();
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Running");
    }

    // [utest->req~off-stop~1]
    @Test
    void containerWhoseStartWasNotKnownAtTheRequest_countsAsExited() {
        forgetStart("A");
        offload("id-1");
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Exited");
    }

    // [utest->req~off-dead~1]
    @Test
    void containerWhoseStartWasNotKnownAtTheRequest_isReportedWhenItRunsAgain() {
        rig.run(list("B", "brake_main=b0:exited:139"));
        forgetStart("B");
        offload("id-1");
        rig.run(list("B", "brake_main=b0:exited:0"));
        assertThat(rig.modelState("brake")).as("the same run").isEqualTo("Dead");
        rig.run(list("B", "brake_main=b0:running:0:30"));
        assertThat(rig.modelState("brake")).as("a later start").isEqualTo("Running");
    }

    /** Makes the record of a node one of a version that did not store when containers were started. */
    private void forgetStart(String node) {
        String record = Objects.requireNonNull(rig.value(Keys.node(node)));
        assertThat(record).contains("\"started\"");
        rig.foreignUnseen(Keys.node(node), record.replaceAll(",\"started\":\\d+", ""));
        rig.restart();
    }

    // [utest->req~off-stop~1]
    @Test
    void containerThatRunsAgain_countsWithItsExitCode() {
        offload("id-1");
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        rig.run(list("A", "brake_main=a1:running:0:30", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Running");
        rig.run(list("A", "brake_main=a1:exited:139:30", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
    }

    // [utest->req~off-stop~1]
    @Test
    void containerOnTheTargetOrOfAnotherModel_countsWithItsExitCode() {
        offload("id-1");
        rig.run(list("B", "brake_main=b1:exited:1"));
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        rig.run(list("A", "brake_main=a1:running", "light_main=l1:exited:1"));
        assertThat(rig.modelState("light")).isEqualTo("Dead");
    }

    // [utest->req~off-stop~1]
    @Test
    void containerThatDisappearsFromTheSource_countsAsExited_alsoIfVanishedModelsAreDead() {
        begin(new Rules(
                Set.of(0, 143),
                Duration.ofSeconds(3),
                Duration.ofSeconds(30),
                Duration.ofSeconds(15),
                Rules.Vanished.DEAD,
                Set.of(PackageState.ERROR),
                false,
                100));
        offload("id-1");
        rig.run(list("A", "light_main=l1:running"));
        rig.pass(Duration.ofSeconds(4));
        rig.run(new Command.Tick());
        assertThat(rig.modelState("brake")).isEqualTo("Exited");
    }

    // [utest->req~off-lost~2]
    @Test
    void modelThatTheTargetNeverReports_isLost_whateverTheAnswer() {
        for (OffloadOutcome answer : List.of(OffloadOutcome.SUCCEEDED, OffloadOutcome.FAILED)) {
            begin(CascadeRig.RULES);
            offload("id-1");
            rig.run(list("A", "light_main=l1:running"));
            rig.pass(Duration.ofSeconds(4));
            rig.run(new Command.Tick());
            end("id-1", answer);
            assertThat(rig.modelState("brake")).isEqualTo("Exited");
            rig.pass(SETTLE.minusSeconds(1));
            rig.run(new Command.Tick());
            assertThat(rig.modelState("brake")).as("before the settle time").isEqualTo("Exited");
            rig.pass(Duration.ofSeconds(1));
            assertThat(Cascade.nextTick(rig.view)).isLessThanOrEqualTo(rig.now().monotonicNanos());
            rig.run(new Command.Tick());
            assertThat(rig.modelState("brake")).isEqualTo("Dead");
            assertThat(rig.packageState("adas")).isEqualTo("Degraded");
            assertThat(rig.lastCause(ResourceKind.MODEL, "brake"))
                    .startsWith("lost in offloading from A to B: no node reports a running container of it; ")
                    .endsWith("image not found");
        }
    }

    // [utest->req~off-lost~2]
    @Test
    void lostModel_staysDeadUntilANodeReportsIt_alsoOverARestart() {
        offload("id-1");
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        end("id-1", OffloadOutcome.SUCCEEDED);
        settle();
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        rig.run(list("A", "brake_main=a1:exited:0", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        rig.restart();
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        rig.run(list("A", "light_main=l1:running"));
        rig.pass(Duration.ofSeconds(4));
        rig.run(new Command.Tick());
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        rig.run(list("B", "brake_main=b1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Running");
        assertThat(isStored()).isFalse();
    }

    // [utest->req~off-lost~2]
    @Test
    void modelWhoseContainerIsLeftOutWhenTheSettleTimeEnds_isLostAfterTheGracePeriod() {
        offload("id-1");
        end("id-1", OffloadOutcome.SUCCEEDED);
        rig.pass(SETTLE.minusSeconds(1));
        rig.run(list("A", "light_main=l1:running"));
        rig.pass(Duration.ofSeconds(1));
        rig.run(new Command.Tick());
        assertThat(rig.modelState("brake")).as("in the grace period").isEqualTo("Running");
        assertThat(Cascade.nextTick(rig.view)).isGreaterThan(rig.now().monotonicNanos());
        rig.pass(Duration.ofSeconds(2));
        rig.run(new Command.Tick());
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        rig.restart();
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
    }

    // [utest->req~off-lost~2]
    @Test
    void modelThatIsListedAgainAfterTheSettleTime_keepsItsState() {
        offload("id-1");
        end("id-1", OffloadOutcome.FAILED);
        rig.pass(SETTLE.minusSeconds(1));
        rig.run(list("A"));
        rig.pass(Duration.ofSeconds(20));
        rig.run(new Command.Tick());
        rig.run(list("A", "brake_main=a1:running", "light_main=l1:running"));
        rig.pass(Duration.ofSeconds(10));
        rig.run(new Command.Tick());
        assertThat(rig.modelState("brake")).isEqualTo("Running");
        assertThat(isStored()).isFalse();
        assertThat(rig.transitions).noneMatch(change -> change.to().equals("Dead"));
    }

    // [utest->req~off-lost~2]
    @Test
    void modelThatTheSourceStillRuns_keepsItsState() {
        offload("id-1");
        end("id-1", OffloadOutcome.FAILED);
        settle();
        assertThat(rig.modelState("brake")).isEqualTo("Running");
        assertThat(isStored()).isFalse();
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).as("the offload is over").isEqualTo("Dead");
    }

    // [utest->req~off-dead~1]
    @Test
    void modelThatWasDeadAtTheRequest_staysDeadUntilTheTargetReportsIt() {
        rig.run(list("A", "brake_main=a1:exited:139", "brake_aux=a2:running", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        offload("id-1");
        rig.run(list("A", "brake_aux=a2:exited:137", "light_main=l1:running"));
        rig.pass(Duration.ofSeconds(4));
        rig.run(new Command.Tick());
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        rig.restart();
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        rig.run(list("B", "brake_main=b1:running", "brake_aux=b2:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Running");
    }

    // [utest->req~off-dead~1]
    @Test
    void deadContainerThatIsRemovedOnPurpose_leavesTheModelDead() {
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        offload("id-1");
        rig.run(list("A", "light_main=l1:running"));
        rig.pass(Duration.ofSeconds(4));
        rig.run(new Command.Tick());
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
        rig.run(list("B", "brake_main=b1:running"));
        assertThat(rig.modelState("brake")).isEqualTo("Running");
    }

    // [utest->req~off-dead~1]
    @Test
    void containerThatTheTargetHadAtTheRequest_isNoReportOfTheMove() {
        rig.run(list("B", "brake_main=b0:exited:139"));
        offload("id-1");
        rig.run(list("B", "brake_main=b0:exited:0"));
        assertThat(rig.modelState("brake")).as("the same run").isEqualTo("Dead");
        rig.run(list("B", "brake_main=b0:running:0:30"));
        assertThat(rig.modelState("brake")).as("a later start").isEqualTo("Running");
    }

    // [utest->req~off-restart~1]
    @Test
    void settleTime_goesOnAfterARestart() {
        offload("id-1");
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        rig.restart();
        assertThat(record().isOpen()).isTrue();
        end("id-1", OffloadOutcome.FAILED);
        rig.pass(SETTLE.minusSeconds(5));
        rig.restart();
        rig.pass(Duration.ofSeconds(4));
        rig.run(new Command.Tick());
        assertThat(rig.modelState("brake")).isEqualTo("Exited");
        rig.pass(Duration.ofSeconds(1));
        rig.run(new Command.Tick());
        assertThat(rig.modelState("brake")).isEqualTo("Dead");
    }

    // [utest->req~off-history~1]
    @Test
    void offloadAndItsResult_standInTheHistoryOfThePackage_alsoAfterARestart() {
        offload("id-1");
        rig.run(list("A", "brake_main=a1:exited:137", "light_main=l1:running"));
        rig.run(list("B", "brake_main=b1:running"));
        end("id-1", OffloadOutcome.SUCCEEDED);
        settle();
        List<String> expected = List.of(
                "2 Running>Running offload of model brake from A to B (policy cool: too hot): ActionController reported"
                        + " success: image not found; the target reports the model",
                "2 Running>Running offload of model brake from A to B (policy cool: too hot): requested",
                "2 Idle>Running ",
                "1 >Idle ");
        assertThat(packageHistory()).containsExactlyElementsOf(expected);
        rig.restart();
        assertThat(packageHistory()).containsExactlyElementsOf(expected);
        assertThat(rig.transitions)
                .as("changes for subscribers")
                .noneMatch(change -> change.from().equals(change.to()));
        assertThat(rig.packageEntry("adas").state().history().latest())
                .as("the newest change of state")
                .satisfies(latest -> assertThat(latest.isNote()).isFalse());
    }

    /** The history of the package, newest first; notes with their texts. */
    private List<String> packageHistory() {
        return rig.packageEntry("adas")
                .state()
                .history()
                .newestFirst(sequence -> rig.value(Keys.journal(sequence)))
                .map(entry -> entry.generation() + " " + entry.from() + ">" + entry.to() + " "
                        + (entry.isNote() ? entry.cause() : ""))
                .toList();
    }

    // [utest->req~off-history~1]
    @Test
    void failedOffload_isRecordedInTheHistory_evenIfNoStateChanged() {
        offload("id-1");
        end("id-1", OffloadOutcome.FAILED);
        settle();
        assertThat(packageHistory())
                .first()
                .isEqualTo(
                        "2 Running>Running offload of model brake from A to B (policy cool: too hot): failed: image not"
                                + " found; the source still runs the model");
    }

    // [utest->req~off-restart~1]
    @Test
    void damagedRecord_isRemoved() {
        offload("id-1");
        rig.foreignUnseen(Keys.offload("brake"), "{\"request\":{}}");
        rig.restart();
        assertThat(isStored()).isFalse();
        assertThat(rig.view.offloads()).isEmpty();
        assertThat(rig.notices()).anyMatch(text -> text.startsWith("/statemanager/offload/brake is damaged"));
    }

    // [utest->req~off-lost~2]
    @Test
    void modelOfNoPackage_isNotLost() {
        offload("id-1");
        rig.run(CascadeRig.delete(packageYaml("adas")));
        rig.run(list("A", "brake_main=a1:exited:137"));
        end("id-1", OffloadOutcome.FAILED);
        settle();
        assertThat(rig.modelState("brake")).isEqualTo("Exited");
        assertThat(isStored()).isFalse();
    }

    // [utest->req~off-lost~2]
    @Test
    void lostModelThatNoPackageNamesAnyMore_isRemovedWithItsRecord() {
        offload("id-1");
        rig.run(list("A", "light_main=l1:running"));
        rig.pass(Duration.ofSeconds(4));
        rig.run(new Command.Tick());
        end("id-1", OffloadOutcome.FAILED);
        settle();
        assertThat(isStored()).isTrue();
        rig.run(CascadeRig.delete(packageYaml("adas")));
        assertThat(rig.modelState("brake")).isNull();
        assertThat(isStored()).isFalse();
    }
}
