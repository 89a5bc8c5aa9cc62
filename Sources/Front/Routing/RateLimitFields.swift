import HTTP
import Nouns

/// Tells clients what their project's rate allows, and what is left of it: `RateLimit-Policy` and `RateLimit`
/// (draft-ietf-httpapi-ratelimit-headers-10).
package struct RateLimitFields: Hashable, Sendable {
    private let rate: GCRA
    private let remaining: Int
    /// In seconds.
    private let reset: Int

    /// - Parameter word: the project's, after this request.
    package init(_ rate: GCRA, word: Int64, at now: Instant) {
        self.rate = rate
        remaining = rate.remaining(word: word, at: now)
        reset = Int((rate.refill(word: word, at: now).millisecondsRoundedUp + 999) / 1000)
    }

    package func append(to output: OutputBuffer) {
        output.append("ratelimit-policy: \"project\";q=" as StaticString)
        output.append(decimal: rate.burst)
        output.append(";w=" as StaticString)
        output.append(decimal: max(1, (rate.burst + rate.rate - 1) / rate.rate))
        output.append("\r\nratelimit: \"project\";r=" as StaticString)
        output.append(decimal: remaining)
        output.append(";t=" as StaticString)
        output.append(decimal: reset)
        output.append("\r\n" as StaticString)
    }
}
