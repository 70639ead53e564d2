import Foundation
import TestSupport
import Testing
import ZeroMQ

@testable import ClusterProtocol
@testable import ClusterRuntime

/// A scraper gets the text format of Prometheus, and whatever else comes to the port does no harm.
@Suite(.serialized)
struct MetricsTests {
    @Test func aScraperGetsTheText() throws {
        let server = try Scraped(text: "pyhealth_coordinator_epoch 3\n")
        let answer = try server.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        #expect(answer.hasSuffix("\r\n\r\npyhealth_coordinator_epoch 3\n"))
    }

    @Test func aRequestMayComeInPieces() throws {
        let server = try Scraped(text: "a 1\n")
        let answer = try server.send("GET /met", "rics HTTP/1.0\r\n", "\r\n")
        #expect(answer.hasSuffix("a 1\n"))
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", "404"), ("POST /metrics HTTP/1.1\r\n\r\n", "405"),
        ("rubbish\r\n\r\n", "400"), (String(repeating: "x", count: 9000), "431"),
    ])
    func otherRequestsAreRefused(request: String, status: String) throws {
        let server = try Scraped(text: "secret 1\n")
        let answer = try server.send(request)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(40))")
        #expect(!answer.contains("secret"))
    }

    @Test(arguments: [[], ["GET /met"]])
    func aConnectionThatSaysTooLittleIsClosed(parts: [String]) throws {
        let server = try Scraped(text: "a 1\n", patience: 0.05)
        #expect(try server.send(parts).hasPrefix("HTTP/1.1 408 "))
        #expect(try server.send(["GET /metrics HTTP/1.1\r\n\r\n"]).hasSuffix("a 1\n"))
    }

    @Test func manySilentConnectionsDoNotStay() throws {
        let server = try Scraped(text: "a 1\n", patience: 60)
        let silent = try (0..<(MetricsServer.mostConnections + 1)).map { _ in try server.connect() }
        #expect(
            String(decoding: silent[MetricsServer.mostConnections].receive(), as: UTF8.self).contains(" 503 ")
        )
    }

    /// Who asks every few seconds sees the end of a job that fails between two questions.
    @Test func aFailureCanStillBeSeen() throws {
        let folder = try TemporaryFolder("metrics")
        var job = ScriptedJob(stages: [shardStage("e1", ["fail"])])
        job.metrics = "tcp://127.0.0.1:\(try freePort())"
        let endpoint = try #require(job.metrics)
        let run = folder.file("run"), ended = WorkQueue<String>()
        let thread = Thread { [job] in
            do { _ = try job.run(in: run) } catch { ended.put((error as? ClusterError)?.code ?? "") }
        }
        thread.start()
        // The status on disk is written before; nobody has asked yet.
        try #require(
            waitFor { (try? RunStatus.load(runDirectory: run))?.snapshot.state == "failed" ? true : nil }
                != nil)
        let client = try PlainClient(endpoint)
        try #require(client.send(Array("GET /metrics HTTP/1.1\r\n\r\n".utf8)))
        let answer = String(decoding: client.receive(), as: UTF8.self)
        #expect(answer.contains("pyhealth_job_state{state=\"failed\"} 1\n"), "\(answer)")
        #expect(ended.take() == "test.bad-input")
    }

    @Test func everyFamilyIsDescribedOnceAndLabelsAreEscaped() {
        var status = WireStatus()
        status.name = "a \"b\" \\ c\nd"
        status.state = "running"
        var stage = WireStageStatus()
        (stage.name, stage.done, stage.total, stage.seconds) = ("scan", 2.5, 10, 1.25)
        status.stages = [stage]
        var worker = WireWorkerStatus()
        (worker.instance, worker.host, worker.state, worker.cpuSeconds) = ("0000000a", "node", "working", 7)
        var ended = worker
        (ended.instance, ended.state) = ("0000000b", "ended")
        status.workers = [worker, ended]
        status.counters.workersLost = 4
        let text = PrometheusText(status).text
        #expect(text.hasSuffix("\n"))
        for line in [
            #"pyhealth_job_info{job="",name="a \"b\" \\ c\nd",build=""} 1"#,
            #"pyhealth_job_state{state="running"} 1"#, #"pyhealth_job_state{state="failed"} 0"#,
            #"pyhealth_stage_done{stage="scan"} 2.5"#, #"pyhealth_workers{state="working"} 1"#,
            #"pyhealth_worker_cpu_seconds_total{worker="0000000a",host="node"} 7"#,
            "pyhealth_workers_lost_total 4",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        #expect(!text.contains("0000000b"))
        let lines = text.split(separator: "\n")
        let families = lines.filter { $0.hasPrefix("# TYPE") }.map { $0.split(separator: " ")[2] }
        #expect(Set(families).count == families.count)
        for line in lines where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            #expect(families.contains(name), "\(line)")
            #expect(line.split(separator: " ").last.flatMap { Double($0) } != nil, "\(line)")
        }
    }
}

/// A server on a thread of its own, and a client that knows nothing of ZeroMQ.
private final class Scraped {
    private let endpoint: String
    private let stop = StopToken()

    init(text: String, patience: Seconds = 5) throws {
        let endpoints = WorkQueue<String?>()
        let stop = stop
        let thread = Thread {
            guard let context = try? MessagingContext(),
                let server = try? MetricsServer("tcp://127.0.0.1:*", context: context, patience: patience)
            else { return endpoints.put(nil) }
            endpoints.put(server.endpoint)
            while !stop.isRequested {
                server.serve { text }
                _ = try? poll([PollInterest(server.socket)], timeout: 20)
            }
        }
        thread.start()
        endpoint = try #require(endpoints.take() ?? nil)
    }

    deinit { stop.request() }

    /// Sends the parts one after the other and reads until the server closes the connection.
    func send(_ parts: String...) throws -> String { try send(parts) }

    func connect() throws -> PlainClient { try PlainClient(endpoint) }

    func send(_ parts: [String]) throws -> String {
        let client = try connect()
        for part in parts { try #require(client.send(Array(part.utf8))) }
        return String(decoding: client.receive(), as: UTF8.self)
    }
}
