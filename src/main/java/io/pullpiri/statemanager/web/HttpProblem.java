// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.limits.ConcurrencyLimiter;

/** A request is refused. The message is the detail of the answer (RFC 9457). */
final class HttpProblem extends Exception {

    private static final long serialVersionUID = 1L;

    private final int status;

    /** @param status the status code of the answer */
    HttpProblem(int status, String detail) {
        super(detail);
        this.status = status;
    }

    /** The answer to a request that a limiter does not admit. */
    static HttpProblem busy(ConcurrencyLimiter.BusyException busy) {
        return new HttpProblem(503, String.valueOf(busy.getMessage()));
    }

    int status() {
        return status;
    }

    String detail() {
        return String.valueOf(getMessage());
    }
}
