import COpenSSL
import Contracts
import Nouns
import TLS
import TLSSupport

/// A client and a session of ours, with a line between them that a test can clog and cut.
final class Line: TLSTransport {
    let client: TLSClient
    private(set) var session: TLSSession!
    /// Bytes that the line takes from the server before it is full.
    var room = Int.max
    var isCut = false
    /// Bytes that one `receive` gives at most.
    var pieceMax = Int.max
    private(set) var receptions = 0
    private var toServer: [UInt8] = []
    private var toClient: [UInt8] = []

    init(
        _ context: TLSContext, offering: [TLSSession.ApplicationProtocol] = [],
        _ options: (inout TLSClient.Options) -> Void = { _ in }
    ) throws {
        var chosen = TLSClient.Options()
        options(&chosen)
        client = TLSClient(chosen)
        session = try context.session(over: self, offering: offering)
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TLSTransfer {
        receptions += 1
        guard !toServer.isEmpty else { return isCut ? .end : .wait }
        let count = min(buffer.count, toServer.count, pieceMax)
        buffer.copyBytes(from: toServer[..<count])
        toServer.removeFirst(count)
        return .bytes(count)
    }

    func transmit(_ bytes: UnsafeRawBufferPointer) -> TLSTransfer {
        let count = min(bytes.count, room)
        guard count > 0 else { return .wait }
        room -= room == .max ? 0 : count
        toClient += bytes[..<count]
        return .bytes(count)
    }

    /// Puts bytes before the server as if the client had sent them.
    func inject(_ bytes: [UInt8]) { toServer += bytes }

    func carry() {
        toServer += client.takeOutgoing()
        let bytes = toClient
        toClient = []
        client.receive(bytes)
        toServer += client.takeOutgoing()
    }

    /// Shakes hands until it is done, or failed, or nothing moves any more.
    @discardableResult
    func shake() -> TLSSession.Progress {
        var last = TLSSession.Progress.wait
        for _ in 0..<10 {
            carry()
            last = session.shake()
            if last != .wait { break }
        }
        carry()
        return last
    }

    /// All that the client has said, and how reading ended.
    func read(max: Int = 20_000) -> (text: String, TLSSession.Reading) {
        carry()
        var all: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max, alignment: 1)
        defer { buffer.deallocate() }
        while true {
            let reading = session.read(into: buffer)
            guard case .bytes(let count) = reading else { return (String(decoding: all, as: UTF8.self), reading) }
            all += buffer[..<count]
        }
    }

    func write(_ bytes: [UInt8]) -> Int? { bytes.withUnsafeBytes { session.write($0) } }
}

extension TLSContext {
    /// With one certificate for `a.test` and a clock that a test moves.
    convenience init(
        _ certificates: [TestCertificate], tickets: TicketKeys = .fixed, previous: TLSContext? = nil,
        _ change: (inout TLSSettings) -> Void = { _ in }, now: @escaping () -> Instant = { .zero }
    ) throws {
        var settings = TLSSettings()
        settings.certificates = certificates.map { .init(chain: $0.chain, key: $0.key, hosts: []) }
        change(&settings)
        try self.init(settings, tickets: tickets, previous: previous, now: now)
    }
}

extension TicketKeys {
    static var fixed: TicketKeys { TicketKeys(secret: [UInt8](repeating: 7, count: secretLength), from: .zero) }
}
