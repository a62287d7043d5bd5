package io.pullpiri.statemanager.web;

import io.pullpiri.statemanager.limits.ConcurrencyLimiter;

/** A request that is not answered as its sender hoped; the message is for the sender. */
final class HttpProblem extends Exception {

    private static final long serialVersionUID = 1L;

    private final int status;

    /** @param status of HTTP */
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
