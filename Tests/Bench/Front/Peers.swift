import Foundation
import Glibc
import Linux
import Trial

/// Where a proxy finds the backend.
struct Backend {
    var port: UInt16
    var path: String
    /// Over the unix socket instead of the port.
    var isUnix: Bool
    /// Where the front finds the project of number 1, whose latency is what counts.
    var calm: String
}

/// nginx as a reverse proxy with one worker and connections to the backend kept open.
final class Nginx: Proxy {
    let port: UInt16
    private let ground: Ground
    private let process: ChildProcess

    init(on ground: Ground, _ backend: Backend, tls: Certificate? = nil) throws {
        self.ground = ground
        port = try ground.freePort()
        let path = ground.directory + "/nginx.conf"
        try Self.configuration(port, backend, ground.directory, tls)
            .write(toFile: path, atomically: true, encoding: .utf8)
        process = try ground.spawn("/usr/sbin/nginx", ["-c", path, "-p", ground.directory]) { $0.umask = 0o022 }
        try ground.await(port: port)
    }

    /// The master only watches; its children carry requests.
    var workers: [Int32] {
        let text = ProcessFacts(process.pid).text("task/\(process.pid)/children") ?? ""
        return text.split(separator: " ").compactMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    func stop() { ground.end(process) }

    private static func configuration(
        _ port: UInt16, _ backend: Backend, _ directory: String, _ tls: Certificate?
    ) -> String {
        let secure = tls.map {
            """
                ssl_certificate \($0.chain);
                ssl_certificate_key \($0.key);
                ssl_protocols TLSv1.3;
            """
        }
        return """
            daemon off;
            user root;
            worker_processes 1;
            worker_rlimit_nofile 20000;
            pid \(directory)/nginx.pid;
            error_log \(directory)/nginx.log error;
            events { worker_connections 19000; multi_accept on; }
            http {
              access_log off;
              client_max_body_size 32m;
              keepalive_requests 1000000000;
              keepalive_timeout 600s;
              client_body_temp_path \(directory)/body;
              proxy_temp_path \(directory)/proxy;
              fastcgi_temp_path \(directory)/fastcgi;
              uwsgi_temp_path \(directory)/uwsgi;
              scgi_temp_path \(directory)/scgi;
              upstream backend {
                server \(backend.isUnix ? "unix:" + backend.path : "127.0.0.1:\(backend.port)");
                keepalive 256;
                keepalive_requests 1000000000;
                keepalive_timeout 600s;
              }
              server {
                listen 127.0.0.1:\(port)\(tls == nil ? "" : " ssl http2") reuseport backlog=4096;
            \(secure ?? "")
                location / {
                  proxy_pass http://backend;
                  proxy_http_version 1.1;
                  proxy_set_header Connection "";
                  proxy_set_header Host $http_host;
                  proxy_max_temp_file_size 0;
                  proxy_request_buffering off;
                }
              }
            }

            """
    }
}

/// HAProxy with one thread and connections to the backend shared between clients.
final class HAProxy: Proxy {
    let port: UInt16
    private let ground: Ground
    private let process: ChildProcess

    init(on ground: Ground, _ backend: Backend) throws {
        self.ground = ground
        port = try ground.freePort()
        let path = ground.directory + "/haproxy.cfg"
        let text = """
            global
              nbthread 1
              maxconn 8000
              tune.pool-high-fd-ratio 90
            defaults
              mode http
              timeout connect 10s
              timeout client 600s
              timeout server 600s
              timeout http-keep-alive 600s
            frontend clients
              bind 127.0.0.1:\(port) backlog 4096
              default_backend backend
            backend backend
              http-reuse always
              server one \(backend.isUnix ? backend.path : "127.0.0.1:\(backend.port)") pool-max-conn 1024

            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        process = try ground.spawn("/usr/sbin/haproxy", ["-f", path, "-db"])
        try ground.await(port: port)
    }

    var workers: [Int32] { [process.pid] }

    func stop() { ground.end(process) }
}

/// No proxy: what load generator and backend can do by themselves.
final class Direct: Proxy {
    let port: UInt16
    var workers: [Int32] { [] }

    init(_ backend: Backend) { port = backend.port }

    func stop() {}
}
