package io.pullpiri.statemanager.cascade;

import static io.pullpiri.statemanager.cascade.World.apply;
import static io.pullpiri.statemanager.cascade.World.packageYaml;
import static io.pullpiri.statemanager.cascade.World.report;
import static io.pullpiri.statemanager.cascade.World.scenarioYaml;
import static org.assertj.core.api.Assertions.assertThat;

import io.pullpiri.statemanager.state.ModelState;
import io.pullpiri.statemanager.state.ScenarioState;
import io.pullpiri.statemanager.store.Keys;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How much is known is bounded; and damage in the store keeps nobody from starting. */
class BoundsTest {

    /** A package, two models, a node and two containers. */
    private static final int ALL = 6;

    private final World world = new World(World.RULES, new Cascade.Limits(128, 1 << 20, ALL));

    private void fill() {
        world.run(apply(packageYaml("p", "a", "b")));
        assertThat(world.run(report("n", "a/1=running", "b/2=running"))).hasOnlyElementsOfType(Answer.Done.class);
    }

    private static Command model(String name) {
        return new Command.ModelChange(name, ModelState.DEAD, "id", "test");
    }

    private static Command scenario(String name) {
        return new Command.ScenarioChange(name, null, ScenarioState.IDLE, "id", "test");
    }

    @Test
    void whatWouldMakeMoreKnownThanMayBeIsRefusedAndChangesNothing() {
        fill();
        View before = world.view;
        for (Command command : List.of(
                model("c"),
                scenario("s"),
                apply(packageYaml("q")),
                apply(packageYaml("p", "a", "b", "c")),
                apply(scenarioYaml("s", "p")),
                report("m"),
                report("n", "a/1=running", "b/2=running", "a/3=running"))) {
            assertThat(world.run(command)).as("%s", command).hasOnlyElementsOfType(Answer.TooMuch.class);
            assertThat(world.view).isEqualTo(before);
        }
    }

    @Test
    void whatIsKnownMayChangeAllTheSame() {
        fill();
        assertThat(world.run(model("a"), report("n", "a/1=exited:1", "b/2=paused"), apply(packageYaml("p", "a"))))
                .noneMatch(answer -> answer instanceof Answer.TooMuch);
    }

    @Test
    void whoInventsNamesForEachReportIsRefusedUntilTheOldOnesAreGivenUp() {
        fill();
        Command other = report("n", "a/3=running", "b/4=running");
        assertThat(world.run(other)).hasOnlyElementsOfType(Answer.TooMuch.class);
        assertThat(world.run(report("n"))).hasOnlyElementsOfType(Answer.Done.class);
        world.pass(Duration.ofMinutes(1));
        world.run(new Command.Tick());
        assertThat(world.run(other)).hasOnlyElementsOfType(Answer.Done.class);
        assertThat(world.view.containers()).isEqualTo(2);
    }

    @Test
    void containersAreCountedAgainAtTheStart() {
        fill();
        world.restart();
        assertThat(world.view.containers()).isEqualTo(2);
    }

    /** Found by fuzzing: the key of a record that could not be read was written anew, again and again. */
    @Test
    void aDamagedJournalRecordKeepsNobodyFromStarting() {
        world.foreignUnseen(Keys.journal(7), "{\"changes\":[{\"name\":\"m\"}]}");
        world.foreignUnseen(Keys.JOURNAL_PREFIX + "9".repeat(19), "{}");
        world.restart();
        assertThat(world.value(Keys.journal(8))).isNotNull();
    }

    /** Found by fuzzing: it was read, and then there was no state to count. */
    @Test
    void aDigestInWhichSomethingIsMissingIsPassedOver() {
        world.foreignUnseen(Keys.node("n"), "{\"containers\":[{\"name\":\"c\",\"id\":\"1\",\"model\":\"m\"}]}");
        world.foreignUnseen(Keys.node("o"), "{\"containers\":[null]}");
        world.foreignUnseen(Keys.node("p"), "{\"kept\":{\"a/b\":\"DEAD\"}}");
        world.restart();
        assertThat(world.view.containers()).isZero();
        assertThat(world.notices).extracting(Plan.Notice::kind).containsOnly("unreadable-record");
    }
}
