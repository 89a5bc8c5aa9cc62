import HTTP
import Nouns

/// Finds the handler for a request by method and path.
///
/// A pattern is literal segments and `{name}`s, each of which stands for one segment that is not empty:
/// `/projects/{id}/keys`. Of several that fit, the first added is taken. HEAD is answered by GET's handler.
package struct Router {
    package typealias Handler = (Request, Responder) -> Void

    private struct Route {
        let method: Method
        let pattern: [Segment]
        let handler: Handler
    }

    private enum Segment {
        case literal(String)
        case parameter(String)
    }

    private var routes: [Route] = []

    package init() {}

    package mutating func get(_ pattern: String, _ handler: @escaping Handler) { add(.get, pattern, handler) }
    package mutating func post(_ pattern: String, _ handler: @escaping Handler) { add(.post, pattern, handler) }
    package mutating func put(_ pattern: String, _ handler: @escaping Handler) { add(.put, pattern, handler) }
    package mutating func patch(_ pattern: String, _ handler: @escaping Handler) { add(.patch, pattern, handler) }
    package mutating func delete(_ pattern: String, _ handler: @escaping Handler) { add(.delete, pattern, handler) }

    package mutating func add(_ method: Method, _ pattern: String, _ handler: @escaping Handler) {
        precondition(pattern.hasPrefix("/"), "a pattern begins with a slash")
        let segments = pattern == "/" ? [] : pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let parsed = segments.map { segment in
            segment.hasPrefix("{") && segment.hasSuffix("}")
                ? Segment.parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
        routes.append(Route(method: method, pattern: parsed, handler: handler))
    }

    /// Calls the handler, or answers 404 `route.unknown` or 405 `method.not_allowed` with the methods that there are.
    package func handle(_ request: Request, _ responder: Responder) {
        let method = request.method == .head ? .get : request.method
        var allowed: [Method] = []
        for route in routes where Self.fits(route.pattern, request.segments) {
            guard route.method == method else {
                allowed.append(route.method)
                continue
            }
            var request = request
            request.parameters = Self.parameters(of: route.pattern)
            return route.handler(request, responder)
        }
        responder.send(allowed.isEmpty ? Self.unknown : Self.notAllowed(allowed))
    }

    private static let unknown = Response.fault(
        Fault(404, "route.unknown", "Nothing is served at this path; check it against the reference."))

    private static func notAllowed(_ methods: [Method]) -> Response {
        var names: [String] = []
        for method in methods {
            for name in method == .get ? ["GET", "HEAD"] : ["\(method)".uppercased()] where !names.contains(name) {
                names.append(name)
            }
        }
        let allowed = names.joined(separator: ", ")
        var response = Response.fault(
            Fault(405, "method.not_allowed", "This path does not take this method; it takes \(allowed)."))
        response.fields.append(("allow", allowed))
        return response
    }

    private static func fits(_ pattern: [Segment], _ segments: [String]) -> Bool {
        guard pattern.count == segments.count else { return false }
        for (part, segment) in zip(pattern, segments) {
            switch part {
            case .literal(let text): if text != segment { return false }
            case .parameter: if segment.isEmpty { return false }
            }
        }
        return true
    }

    private static func parameters(of pattern: [Segment]) -> [(name: String, segment: Int)] {
        var parameters: [(name: String, segment: Int)] = []
        for (index, part) in pattern.enumerated() {
            if case .parameter(let name) = part { parameters.append((name, index)) }
        }
        return parameters
    }
}
