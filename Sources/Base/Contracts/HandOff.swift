import Nouns

/// A client's connection on its way from the front to the instance that serves it from now on: one packet with the
/// connection's descriptor (`SCM_RIGHTS`) on `RunPaths.handOff`, answered by `taken` or `refused`. The front closes
/// its copy after the answer; when none comes, it may try the instance's successor.
package struct HandOff: Hashable, Sendable {
    package static let version = 1

    package enum Answer: Hashable, Sendable {
        case taken
        case refused(Fault)
    }

    /// The command that authenticated the client; the instance replies to it.
    package enum Greeting: Hashable, Sendable {
        case auth
        /// `HELLO 2` or `HELLO 3`.
        case hello(version: Int)
    }

    package var token: Token
    package var greeting: Greeting
    /// What the client has already sent behind the greeting.
    package var unread: [UInt8]

    package init(token: Token, greeting: Greeting, unread: [UInt8]) {
        (self.token, self.greeting, self.unread) = (token, greeting, unread)
    }

    package var message: Message {
        var message = Message("handoff", body: unread)
        message.set("VERSION", Self.version)
        message.set("TOKEN", token.hex)
        switch greeting {
        case .auth: message.set("GREETING", "auth")
        case .hello(let version): message.set("GREETING", "hello\(version)")
        }
        return message
    }

    package init(_ message: Message) throws(Message.Malformed) {
        guard message.type == "handoff" else { throw Message.Malformed("an unknown type \(message.type)") }
        token = try message.required("TOKEN") { Token($0) }
        switch try message.required("GREETING") {
        case "auth": greeting = .auth
        case "hello2": greeting = .hello(version: 2)
        case "hello3": greeting = .hello(version: 3)
        default: throw Message.Malformed("an unknown greeting")
        }
        unread = message.body
    }
}

extension HandOff.Answer {
    package var message: Message {
        switch self {
        case .taken: return Message("taken")
        case .refused(let fault):
            var message = Message("refused")
            message.set(fault)
            return message
        }
    }

    package init(_ message: Message) throws(Message.Malformed) {
        switch message.type {
        case "taken": self = .taken
        case "refused": self = .refused(try message.fault())
        default: throw Message.Malformed("an unknown type \(message.type)")
        }
    }
}
