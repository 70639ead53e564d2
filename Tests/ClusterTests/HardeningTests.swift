import Foundation
import Groundwork
import TestSupport
import Testing

@testable import ClusterRuntime
@testable import ZeroMQ

struct HardeningTests {
    @Test func noDumpsAndNothingForOthers() throws {
        let folder = try TemporaryFolder("hard")
        let before = umask(0)
        ProcessHardening.apply()
        defer { umask(before) }
        #expect(!ProcessHardening.isDumpable)
        var core = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
        #expect(core.rlim_cur == 0 && core.rlim_max == 0)
        var files = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        #expect(files.rlim_cur == files.rlim_max)
        let path = folder.file("any")
        close(open(path, O_WRONLY | O_CREAT, 0o666))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
    }

    @Test func tooFewDescriptorsAreRefusedWithFigures() throws {
        let error = try #require(throws: ProcessLimitError.self) {
            try ProcessHardening.requireDescriptors(processes: 1 << 40)
        }
        #expect(error.exitStatus == .configuration && error.message.contains("ulimit"))
        try ProcessHardening.requireDescriptors(processes: 1)
    }

    @Test(arguments: [(4, 3, 3, true), (4, 3, 4, false), (3, 2, 5, true)])
    func oldLibrariesAndThoseWithoutCurveAreRefused(major: Int, minor: Int, patch: Int, hasCurve: Bool) throws
    {
        let error = try #require(throws: MessagingLibraryError.self) {
            try MessagingLibrary.check(version: (major, minor, patch), hasCurve: hasCurve)
        }
        #expect(error.exitStatus == .configuration)
        #expect(error.message.contains("\(major).\(minor).\(patch)"))
        try MessagingLibrary.check(version: (4, 3, 4), hasCurve: true)
    }
}
