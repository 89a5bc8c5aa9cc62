import Contracts
import Nouns

/// How a value is written in the cluster file: what is allowed, how it is read, how a default is shown.
struct Form<Value: Sendable>: Sendable {
    /// Completes the sentence "allowed: …".
    let allowed: String
    /// Nil when the text is not of the form.
    let read: @Sendable (String) -> Value?
    let show: @Sendable (Value) -> String
}

extension Form {
    /// The form or the word `none`, which means no limit, or never.
    var orNone: Form<Value?> { or("none") }

    /// The form or a word that means nil.
    func or(_ word: String) -> Form<Value?> {
        let (read, show) = (read, show)
        return Form<Value?>(allowed: "\(allowed), or \(word)") { text in
            text == word ? .some(nil) : read(text).map { .some($0) }
        } show: {
            $0.map(show) ?? word
        }
    }
}

extension Form where Value == Int {
    /// The form, or the word `none` for 0.
    var orNoneForZero: Form {
        let (read, show) = (read, show)
        return Form(allowed: "\(allowed), or none") { text in
            text == "none" ? 0 : read(text)
        } show: {
            $0 == 0 ? "none" : show($0)
        }
    }
}

extension Form where Value == Int {
    static func count(_ range: ClosedRange<Int>) -> Form {
        Form(allowed: "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(digits: text).flatMap { range.contains($0) ? $0 : nil }
        } show: {
            "\($0)"
        }
    }

    /// Bytes.
    static func size(_ range: ClosedRange<Int>) -> Form {
        Form(
            allowed:
                "a size like 64KiB or 256MiB (B, KiB, MiB, GiB) "
                + "from \(Size.text(range.lowerBound)) to \(Size.text(range.upperBound))"
        ) { text in
            Size.bytes(text).flatMap { range.contains($0) ? $0 : nil }
        } show: {
            Size.text($0)
        }
    }

    static func percent(_ range: ClosedRange<Int>) -> Form {
        Form(allowed: "a share like 50% from \(range.lowerBound)% to \(range.upperBound)%") { text in
            guard text.hasSuffix("%"), let number = Int(digits: text.dropLast()) else { return nil }
            return range.contains(number) ? number : nil
        } show: {
            "\($0)%"
        }
    }
}

extension Form where Value == Int? {
    /// Of the front; nil is one for each core.
    static var loops: Form {
        let number = Form<Int>.count(1...16)
        return Form(allowed: "\(number.allowed), or cores") { text in
            text == "cores" ? .some(nil) : number.read(text).map { .some($0) }
        } show: {
            $0.map(number.show) ?? "cores"
        }
    }
}

extension Form where Value == Duration {
    static func duration(_ range: ClosedRange<Duration>) -> Form {
        Form(
            allowed:
                "a duration like 250ms, 10s or 5m (ms, s, m, h) "
                + "from \(Time.text(range.lowerBound)) to \(Time.text(range.upperBound))"
        ) { text in
            Time.duration(text).flatMap { range.contains($0) ? $0 : nil }
        } show: {
            Time.text($0)
        }
    }
}

extension Form where Value == Bool {
    static var flag: Form {
        Form(allowed: "true or false") { text in
            switch text {
            case "true": true
            case "false": false
            default: nil
            }
        } show: {
            "\($0)"
        }
    }
}

extension Form where Value == String {
    static func text(_ allowed: String, where isAllowed: @escaping @Sendable (String) -> Bool) -> Form {
        Form(allowed: allowed) {
            isAllowed($0) ? $0 : nil
        } show: {
            $0
        }
    }
}

extension Form where Value == Address {
    static var address: Form {
        Form(allowed: "a numeric address and a port from 1 to 65535, like 127.0.0.1:8090 or [::1]:8090") {
            Address($0)
        } show: {
            $0.description
        }
    }
}

extension Form where Value == ClosedRange<UInt16> {
    /// The pool needs ports that any user may bind.
    static var ports: Form {
        Form(allowed: "two ports from 1024 to 65535, the lower one first, like 9000-9999") { text in
            let ends = text.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count == 2, let low = Int(digits: ends[0]), let high = Int(digits: ends[1]),
                (1024...65535).contains(low), (low...65535).contains(high)
            else { return nil }
            return UInt16(low)...UInt16(high)
        } show: {
            "\($0.lowerBound)-\($0.upperBound)"
        }
    }
}

extension Form where Value == AccessLogging {
    static var accessLogging: Form {
        Form(allowed: "off, failures, all, or a share like 1/100") {
            AccessLogging($0)
        } show: {
            $0.text
        }
    }
}

extension Form where Value == ClosedRange<UInt32> {
    /// Neither root, nor the users of the system, nor what the kernel takes for nobody.
    static var users: Form {
        let low: UInt32 = 1000
        let high = UInt32(Int32.max)
        return Form(
            allowed: "two user ids from \(low) to \(high), the lower one first and 15 or more apart, like 600000-731071"
        ) { text in
            let ends = text.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count == 2, let first = UInt32(digits: ends[0]), let last = UInt32(digits: ends[1]),
                first >= low, last <= high, last >= first, last - first >= 15
            else { return nil }
            return first...last
        } show: {
            "\($0.lowerBound)-\($0.upperBound)"
        }
    }
}

extension Form where Value == Kind {
    static var kind: Form {
        Form(allowed: "a kind: 1 to \(Kind.lengthMax) of a-z, 0-9 and -, beginning with a letter") {
            Kind($0)
        } show: {
            $0.text
        }
    }
}

extension Form where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static var word: Form {
        Form(allowed: Value.allCases.map(\.rawValue).joined(separator: " or ")) {
            Value(rawValue: $0)
        } show: {
            $0.rawValue
        }
    }
}

extension FixedWidthInteger {
    /// Decimal digits only: no sign, no spaces, not empty.
    init?(digits text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        self.init(text)
    }
}
