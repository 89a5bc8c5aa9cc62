import Linux
import Service
import Telemetry

/// Tells the front's counters to processes of the same user, or root, on a unix socket.
enum MetricsServer {
    /// The supervisor asks, and perhaps an operator.
    private static let connectionsMax = 16

    static func serve(
        _ loops: FrontLoops, on descriptor: Descriptor, _ loop: EventLoop
    ) throws(SystemError) -> HTTPServer {
        var limits = HTTPServer.Limits()
        limits.connectionsMax = connectionsMax
        var router = Router()
        router.get("/metrics") { [unowned loops] _, responder in
            loops.count { [unowned loops] traffic in
                let text = TrafficPage.text(traffic, loops: loops.count)
                responder.send(.text(200, text, contentType: "text/plain; version=0.0.4; charset=utf-8"))
            }
        }
        let server = HTTPServer(on: loop, limits: limits) { [router] in router.handle($0, $1) }
        try server.listen(on: descriptor, .operators)
        return server
    }
}
