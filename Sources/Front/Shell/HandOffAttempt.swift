import CLinux
import Contracts
import Glibc
import Linux
import Nouns
import Routing

/// Passes a client's connection to an instance, and to its successor if it dies over it.
final class HandOffAttempt {
    /// How long an instance may take to answer: a crashed one's successor opens its data first.
    static let answerMax = Duration.seconds(5)
    private static let attemptsMax = 2

    private let handOff: HandOff
    private let descriptor: Descriptor
    private let path: String
    private let loop: EventLoop
    private var completion: ((HandOff.Answer, Descriptor) -> Void)?
    private var connection: PacketConnection?
    private var attempts = 0
    private var timer: TimerHeap.ID?

    /// `completion` is called once, with the connection's descriptor, which is this process's own copy.
    init(
        _ handOff: HandOff, _ descriptor: Descriptor, to path: String, on loop: EventLoop,
        _ completion: @escaping (HandOff.Answer, Descriptor) -> Void
    ) {
        (self.handOff, self.descriptor, self.path, self.loop) = (handOff, descriptor, path, loop)
        self.completion = completion
    }

    func begin() {
        attempts += 1
        do throws(SystemError) {
            let connection = try PacketConnection(try connect(), on: loop)
            self.connection = connection
            connection.onMessage = { [self] message, _ in received(message) }
            connection.onClosed = { [self] _ in lost() }
            timer = loop.schedule(after: Self.answerMax) { [self] in
                timer = nil
                fail(.handOffTimedOut)
            }
            connection.send(handOff.message, [descriptor])
        } catch {
            // Not from within `begin`: its caller has not stored the attempt yet.
            loop.afterBatch { [self] in fail(.unreachable) }
        }
    }

    /// By the socket's second name when someone deleted the first.
    private func connect() throws(SystemError) -> Descriptor {
        do throws(SystemError) {
            return try Socket.connect(to: path, .packets)
        } catch {
            guard error.code == ENOENT else { throw error }
            return try Socket.connect(to: RunPaths.spare(of: path), .packets)
        }
    }

    func fail(_ fault: Fault) { end(.refused(fault)) }

    /// Ends the client's connection itself: the instance may have its copy already, or may get it yet.
    func disconnect(_ reply: String) {
        let bytes = Array(reply.utf8)
        _ = Glibc.send(descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        shutdown(descriptor.number, Int32(SHUT_RDWR))
    }

    private func received(_ message: Message) {
        if let answer = try? HandOff.Answer(message) { end(answer) } else { fail(.responseMalformed) }
    }

    /// The instance died before it answered: its successor gets the connection.
    private func lost() {
        connection = nil
        stopTimer()
        if attempts < Self.attemptsMax { begin() } else { fail(.connectionLost) }
    }

    private func end(_ answer: HandOff.Answer) {
        guard let completion else { return }
        self.completion = nil
        stopTimer()
        connection?.close()
        connection = nil
        completion(answer, descriptor)
    }

    private func stopTimer() {
        if let timer { loop.cancel(timer) }
        timer = nil
    }
}
