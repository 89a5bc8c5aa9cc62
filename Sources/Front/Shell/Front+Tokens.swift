import Contracts
import Crypto
import Linux
import Nouns
import Routing

/// Operators' tokens: asked about once, remembered shortly.
extension Front {
    /// Has a request's token checked; `Exchange.verified` or `refuse` follows.
    func verify(_ token: OperatorToken, for exchange: Exchange) {
        verifying[exchange.number] = exchange
        perform(tokens.want(token, by: exchange.number, at: loop.now))
        if let moment = tokens.nextDeadline { sweep(by: moment) }
    }

    /// The request does not wait any more.
    func unverify(_ token: OperatorToken, for exchange: Exchange) {
        guard verifying.removeValue(forKey: exchange.number) != nil else { return }
        tokens.giveUp(exchange.number, token)
    }

    func perform(_ actions: [TokenBook.Action]) {
        for action in actions {
            switch action {
            case .ask(let ticket, let token):
                let hash = token.secret.withUnsafeBytes { SHA256.hash($0) }
                platform?.send(KeyChannel.FromFront.verify(ticket: ticket, SecretHash(hash)!).message)
            case .proceed(let number, let grant): verifying.removeValue(forKey: number)?.verified(grant)
            case .refuse(let number, let fault): verifying.removeValue(forKey: number)?.refuse(fault)
            }
        }
    }
}
