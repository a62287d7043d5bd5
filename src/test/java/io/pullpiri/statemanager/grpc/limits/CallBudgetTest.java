// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.grpc.limits;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The order in which calls are ended and refused when requests take too much memory. */
class CallBudgetTest {

    private static final int KB = 1 << 10;
    private static final int GENERAL = 1_000 * KB;
    private static final int KNOWN = 200 * KB;

    private final CallBudget budget = new CallBudget(GENERAL, KNOWN);
    private final List<String> ended = new ArrayList<>();

    private CallBudget.Share begin(String address, String name, int bytes) {
        return begin(address, "connection of " + address, false, name, bytes);
    }

    private CallBudget.Share begin(String address, String connection, boolean trusted, String name, int bytes) {
        CallBudget.Share share = budget.begin(address, connection, trusted, () -> ended.add(name));
        share.add(bytes);
        return share;
    }

    private CallBudget.Share whole(String name, int bytes) {
        CallBudget.Share share = begin("whole", name, bytes);
        assertThat(share.admit(0, false)).isTrue();
        return share;
    }

    @Test
    void unfinishedRequestsWithinTheBudget_continue() {
        begin("a", "first", 180 * KB);
        begin("b", "second", 180 * KB);
        budget.relieve();
        assertThat(ended).isEmpty();
    }

    @Test
    void oldestUnfinishedRequest_isEndedFirst() {
        for (int i = 0; i < 9; i++) {
            begin("a", "call-" + i, 100 * KB);
        }
        budget.relieve();
        assertThat(ended).containsExactly("call-0", "call-1", "call-2", "call-3", "call-4", "call-5");
        assertThat(budget.used()).isLessThanOrEqualTo(360 * KB);
    }

    @Test
    void unfinishedRequestOfTheLargestAddress_isEndedFirst() {
        begin("node", "older", 100 * KB);
        for (int i = 0; i < 8; i++) {
            begin("hostile", "hostile-" + i, 100 * KB);
        }
        budget.relieve();
        assertThat(ended).isNotEmpty().allMatch(name -> name.startsWith("hostile-"));
    }

    @Test
    void unfinishedRequestsOfTheLargestConnection_areEndedFirst() {
        begin("a", "of a node", false, "node", 100 * KB);
        for (int i = 0; i < 8; i++) {
            begin("a", "of a hostile client", false, "hostile-" + i, 90 * KB);
        }
        budget.relieve();
        assertThat(ended).isNotEmpty().allMatch(name -> name.startsWith("hostile-"));
    }

    @Test
    void unfinishedRequestOnAConnectionOfAKnownNode_continues() {
        CallBudget.Share node = begin("a", "of a known node", true, "node", 100 * KB);
        for (int i = 0; i < 30; i++) {
            begin("a", "of hostile client " + i, false, "hostile-" + i, 30 * KB);
        }
        budget.relieve();
        assertThat(ended).isNotEmpty().doesNotContain("node");
        assertThat(node.admit(50 * KB, true)).isTrue();
    }

    @Test
    void requestOverTheReserveOfKnownNodes_isTreatedAsAnyOther() {
        begin("a", "of a known node", true, "node", KNOWN);
        begin("a", "of another", true, "another", 20 * KB);
        begin("b", "unfinished", 800 * KB);
        budget.relieve();
        assertThat(ended).containsExactly("unfinished"); // its address has the most bytes
        begin("a", "of another", true, "third", 700 * KB);
        assertThat(budget.isExceeded()).isTrue();
    }

    @Test
    void wholeRequest_isAdmittedWhileUnfinishedOnesTakeAllMemory() {
        begin("a", "unfinished", GENERAL);
        CallBudget.Share share = begin("a", "whole", 300 * KB);
        assertThat(share.admit(100 * KB, false)).isTrue();
        budget.relieve();
        assertThat(ended).containsExactly("unfinished");
    }

    @Test
    void wholeRequests_areNeverEnded() {
        whole("whole", 700 * KB);
        CallBudget.Share unfinished = begin("a", "unfinished", 200 * KB);
        budget.relieve();
        assertThat(ended).containsExactly("unfinished");
        unfinished.add(500 * KB); // the call has ended: the bytes do not count
        assertThat(budget.used()).isEqualTo(700 * KB + CallBudget.CALL_BYTES);
    }

    @Test
    void largeRequest_isRejectedBeforeASmallOne() {
        whole("first", 780 * KB);
        assertThat(begin("a", "large", 100 * KB).admit(0, false)).isFalse();
        budget.relieve();
        assertThat(begin("a", "small", 10 * KB).admit(0, false)).isTrue();
    }

    @Test
    void listOfAKnownNode_isAdmittedWhenAllMemoryIsTaken() {
        whole("first", 780 * KB);
        for (int i = 0; i < 3; i++) {
            assertThat(begin("a", "small", 56 * KB).admit(0, false)).isTrue();
        }
        assertThat(begin("a", "unknown", 100 * KB).admit(50 * KB, false)).isFalse();
        assertThat(begin("a", "known", 100 * KB).admit(50 * KB, true)).isTrue();
        assertThat(begin("a", "known", 100 * KB).admit(50 * KB, true)).isFalse();
    }

    @Test
    void listOfAKnownNode_mayExceedTheReserve() {
        assertThat(begin("a", "known", KNOWN).admit(KNOWN, true)).isTrue();
    }

    @Property(tries = 300)
    void endedCalls_returnAllMemory(@ForAll List<@IntRange(min = 0, max = 300) Integer> kilobytes) {
        List<CallBudget.Share> shares = new ArrayList<>();
        for (int i = 0; i < kilobytes.size(); i++) {
            CallBudget.Share share = begin("a" + i % 3, "c" + i % 5, i % 7 == 0, "call-" + i, kilobytes.get(i) * KB);
            if (i % 2 == 0) {
                boolean _ = share.admit(i, i % 4 == 0);
            }
            budget.relieve();
            shares.add(share);
        }
        shares.forEach(CallBudget.Share::release);
        assertThat(budget.used()).isZero();
        assertThat(budget.isExceeded()).isFalse();
    }
}
