/// What a service or an operator's program wants people to be alerted of: told to the supervisor, which shows it as an
/// event and knows nothing more of it; `bunbase-alerts` tells people.
package struct AlertWord: Hashable, Sendable {
    /// Bytes of a name: 1 to 64 of `a`-`z`, `0`-`9`, `_` and `.`, as `certificate.expires`.
    package static let nameMax = 64
    /// Bytes of a subject and of a text; both are one line.
    package static let subjectMax = 256
    package static let textMax = 1024

    package let name: String
    /// What it is about: a host, a project, a path. Alerts of one name and subject are one.
    package let subject: String
    /// A sentence for people; nil: it is over.
    package let text: String?

    /// Nil when a part is not of its form.
    package init?(name: String, subject: String, text: String?) {
        let isName = { (byte: UInt8) in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".")
        }
        guard (1...Self.nameMax).contains(name.utf8.count), name.utf8.allSatisfy(isName),
            (1...Self.subjectMax).contains(subject.utf8.count), subject.utf8.allSatisfy({ $0 >= 32 }),
            text.map({ (1...Self.textMax).contains($0.utf8.count) && $0.utf8.allSatisfy { $0 >= 32 } }) ?? true
        else { return nil }
        (self.name, self.subject, self.text) = (name, subject, text)
    }
}
