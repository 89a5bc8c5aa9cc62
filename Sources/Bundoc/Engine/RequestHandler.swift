import Documents
import HTTP
import Nouns
import Service

/// Turns requests into operations, and what comes of them into responses.
package struct RequestHandler {
    private let engine: Engine
    private let reader: OperationReader
    private let project: ProjectID

    /// - Parameter project: the only one that is served; the shared one stands for any.
    package init(_ engine: Engine, project: ProjectID) {
        (self.engine, self.project) = (engine, project)
        reader = OperationReader(limits: engine.settings.limits)
    }

    package func handle(_ request: Request, _ responder: Responder) {
        let operation: Operation
        do throws(Fault) {
            operation = try self.operation(request)
        } catch {
            return responder.send(error)
        }
        engine.perform(operation) { result in
            switch result {
            case .success(let answer): responder.send(Self.response(answer))
            case .failure(let fault): responder.send(fault)
            }
        }
    }

    private func operation(_ request: Request) throws(Fault) -> Operation {
        let path = try RequestPath(request.segments, query: try request.queryItems())
        guard project.isShared || path.project == project.text else {
            throw Fault(
                421, "project.misdirected", "This process serves another project; send the request to the front.",
                party: .cluster)
        }
        return try reader.operation(
            OperationReader.Request(
                method: request.method == .head ? .get : request.method, path: path,
                ifMatch: request.field(.ifMatch), ifNoneMatch: request.field(.ifNoneMatch), body: request.body))
    }

    private static func response(_ answer: Answer) -> Response {
        guard answer.status != 204 else { return .empty() }
        var response = Response.json(answer.status, answer.body)
        if let revision = answer.revision { response.fields.append(("etag", revision.tag)) }
        return response
    }
}
