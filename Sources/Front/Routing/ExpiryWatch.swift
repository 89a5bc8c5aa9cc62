import Contracts

/// Which certificates people are to be alerted of.
package struct ExpiryWatch: Hashable, Sendable {
    /// How long before its end a certificate is worth an alert, in seconds: later than those who renew by themselves
    /// do it, and early enough to do it by hand.
    package static let noticeTime: Int64 = 14 * 86_400
    package static let alert = "certificate.expires"

    private var expiries: [String: Int64] = [:]

    package init() {}

    /// Takes the certificates that are shown from now on, by name, and when each expires (seconds since 1970); gives
    /// the words that are new: also that it is over, of each that is fine, since an earlier life may have said
    /// otherwise.
    package mutating func take(_ expiries: [String: Int64], at now: Int64) -> [AlertWord] {
        guard expiries != self.expiries else { return [] }
        let old = self.expiries
        self.expiries = expiries
        let over = Set(old.keys).union(expiries.keys).filter { name in
            old[name] != expiries[name] && (expiries[name].map { $0 - now > Self.noticeTime } ?? true)
        }
        return over.sorted().compactMap { AlertWord(name: Self.alert, subject: $0, text: nil) } + raised(at: now)
    }

    /// Those that hold now.
    package func raised(at now: Int64) -> [AlertWord] {
        expiries.sorted { $0.key < $1.key }.compactMap { name, end in
            let left = end - now
            guard left <= Self.noticeTime else { return nil }
            let text =
                left <= 0
                ? "The certificate of \(name) has expired: browsers refuse it."
                : "The certificate of \(name) expires in \(Self.words(left))."
            return AlertWord(name: Self.alert, subject: name, text: text)
        }
    }

    private static func words(_ seconds: Int64) -> String {
        let days = seconds / 86_400
        if days >= 2 { return "\(days) days" }
        let hours = seconds / 3600
        return hours >= 2 ? "\(hours) hours" : "less than two hours"
    }
}
