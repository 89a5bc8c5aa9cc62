import Contracts
import HTTP
import Nouns

/// Decides, from its head alone, whose request this is and where it goes; or what to answer instead.
package enum Gate {
    package struct Passed {
        package let match: RouteTable.Match
        package let entry: ProjectEntry
        /// The query without the key, when it held it.
        package let strippedQuery: [UInt8]?
        /// The client asks for another protocol, and the route lets it.
        package let upgrades: Bool
        package var project: ProjectID { entry.id }
        package var instance: InstanceID { InstanceID(project, match.route.kind) }
    }

    /// In this order: what is not supported at all, the route, the key, the body's length.
    package static func pass(
        _ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ settings: FrontSettings, _ keys: KeyTable
    ) throws(Fault) -> Passed {
        guard head.method != .trace else { throw .methodForbidden }
        guard settings.isConfigured else { throw .routesUnavailable }
        try RouteTable.check(bytes[head.path])
        guard let match = settings.routes.match(head.path, in: bytes) else { throw .routeUnknown }
        guard let presented = try PresentedKey(head, in: bytes) else { throw .keyRequired }
        guard let key = presented.key, let entry = keys.entry(key) else {
            throw keys.isKnown ? .keyUnknown : .keysUnavailable
        }
        if case .length(let length) = head.framing, length > match.route.bodyMax {
            throw .bodyTooLong(match.route.bodyMax)
        }
        let upgrades = isWebSocket(head, bytes)
        guard !upgrades || match.route.upgrades else { throw .upgradeUnsupported }
        return Passed(match: match, entry: entry, strippedQuery: presented.strippedQuery, upgrades: upgrades)
    }

    /// Other upgrades are offers that a server may pass over (RFC 9110 §7.8).
    private static func isWebSocket(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard head.connection.contains(.upgrade), let protocols = head.fields.first(.upgrade) else { return false }
        return head.framing == .none && head.minorVersion == 1 && bytes[protocols].equalsIgnoringCase("websocket")
    }
}
