/// Takes a stream of server-sent events apart as it comes (HTML standard, §9.2.6).
package struct ServerSentEvents: Sendable {
    package struct Event: Hashable, Sendable {
        package var id = ""
        package var name = "message"
        package var data = ""
        package init(id: String = "", name: String = "message", data: String = "") {
            (self.id, self.name, self.data) = (id, name, data)
        }
    }

    private var rest: [UInt8] = []
    private var event = Event()
    private var hasData = false

    package init() {}

    /// The events that are complete with these bytes.
    package mutating func read(_ bytes: [UInt8]) -> [Event] {
        rest += bytes
        var events: [Event] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            var line = rest[..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if let complete = take(String(decoding: line, as: UTF8.self)) { events.append(complete) }
            rest.removeSubrange(...end)
        }
        return events
    }

    /// An empty line ends an event; one without data is none.
    private mutating func take(_ line: String) -> Event? {
        guard !line.isEmpty else {
            defer { (event, hasData) = (Event(id: event.id), false) }
            return hasData ? event : nil
        }
        let colon = line.firstIndex(of: ":")
        var value = colon.map { line[line.index(after: $0)...] } ?? ""
        if value.hasPrefix(" ") { value.removeFirst() }
        switch line[..<(colon ?? line.endIndex)] {
        case "id": event.id = String(value)
        case "event": event.name = String(value)
        case "data":
            event.data += hasData ? "\n\(value)" : String(value)
            hasData = true
        default: break
        }
        return nil
    }
}
