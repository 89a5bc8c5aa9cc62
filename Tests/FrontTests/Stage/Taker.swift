import Contracts
import Linux

/// A bunder that takes connections over, or does not.
final class Taker {
    private(set) var taken: [(handOff: HandOff, peer: Peer)] = []
    private(set) var attempts = 0
    /// Nil: dies instead of answering.
    var answer: HandOff.Answer? = .taken
    private var listener: PacketListener?

    init(_ stage: Stage, at path: String) throws {
        listener = try PacketListener(
            try Socket.listen(at: path, .packets), on: stage.loop, admits: { _ in true },
            { [unowned self] connection, _ in
                connection.onMessage = { [unowned self, unowned connection] message, descriptors in
                    attempts += 1
                    guard let answer else {
                        self.answer = .taken
                        return connection.close()
                    }
                    connection.send(answer.message)
                    if case .taken = answer {
                        taken.append((try! HandOff(message), try! Peer(descriptors[0], on: stage.loop)))
                    }
                }
            })
    }
}
