/// Analytes that are measured together from one specimen.
struct Panel {
    /// Positions among the printed analytes.
    let items: [Int]
    /// Of 256 draws, how many have this panel, at severity 0.
    let share: Int
    /// How much the share grows per unit of severity.
    let gain: Int
    /// Whether results come within minutes.
    let isQuick: Bool

    /// The panel of the given items, those that are among the analytes.
    init(share: Int, gain: Int = 0, isQuick: Bool = false, among analytes: [Analyte], items: [Int]) {
        self.items = items.compactMap { item in analytes.firstIndex { $0.item == item } }
        self.share = share
        self.gain = gain
        self.isQuick = isQuick
    }
}

extension Panel {
    /// The panels of one draw; a sicker patient (`gain`, severity in whole units) has more.
    static func chosen(from panels: [Panel], gain: Int, noise: inout MeasurementNoise) -> [Panel] {
        var (word, left) = (UInt32(0), 0)
        return panels.filter { panel in
            if left == 0 { (word, left) = (noise.word(), 4) }
            left -= 1
            return MeasurementNoise.byte(&word) < panel.share + panel.gain * gain
        }
    }

    /// The usual panels; at a draw each is taken or not.
    static func laboratory(_ analytes: [Analyte]) -> [Panel] {
        func panel(_ share: Int, gain: Int = 0, isQuick: Bool = false, _ items: [Int]) -> Panel {
            Panel(share: share, gain: gain, isQuick: isQuick, among: analytes, items: items)
        }
        return [
            panel(205, [50868, 50882, 50902, 50912, 50931, 50971, 50983, 51006]),
            panel(160, gain: 15, [50893, 50960, 50970]),
            panel(185, [51221, 51222, 51248, 51249, 51250, 51265, 51277, 51279, 51301, 52172]),
            panel(140, [50934, 50947, 51678]),
            panel(80, gain: 15, [51237, 51274, 51275]),
            panel(55, gain: 15, [50861, 50862, 50863, 50878, 50885]),
            panel(45, [51146, 51200, 51244, 51254, 51256]),
            panel(
                40, gain: 25, isQuick: true, [50802, 50804, 50813, 50818, 50820, 50821, 52033]),
            panel(20, gain: 15, isQuick: true, [50803, 50806, 50808, 50809, 50822, 50824]),
            panel(6, [52500, 52535, 52569, 52610, 52623, 51624]),
            panel(5, isQuick: true, [52027, 52434, 52452, 52455]),
            panel(8, gain: 4, [50954, 50964, 51701, 52031]),
            panel(18, [51484, 51487, 51491, 51498, 51506, 51508]),
            panel(24, [50920]),
        ].filter { !$0.items.isEmpty }
    }
}
