/// What laboratories measure: MIMIC-IV items with the names of eICU and OMOP where these have it; a data table.
///
/// Medians, spreads and reference ranges are rounded from the open demo of MIMIC-IV. Among the items are the 27 of the StageNet
/// tasks.
enum AnalyteCatalog {
    private static let gas: StaticString = "Blood Gas"
    private static let chemistry: StaticString = "Chemistry"
    private static let hematology: StaticString = "Hematology"

    private static func of(
        _ item: Int, _ label: StaticString, _ category: StaticString, _ unit: StaticString,
        _ low: StaticString,
        _ high: StaticString, _ median: Double, _ spread: Double, _ decimals: Int, _ effect: Double,
        eicu: StaticString = "", concept: Int = 0, loinc: StaticString = "", missing: Int = 3,
        fluid: StaticString = "Blood"
    ) -> Analyte {
        Analyte(
            label: label, fluid: fluid, category: category, unit: unit, low: low, high: high, median: median,
            spread: spread, decimals: decimals, effect: effect, item: item, eicu: eicu, concept: concept,
            loinc: loinc, missing: missing)
    }

    /// Sorted by item.
    static let laboratory: [Analyte] = [
        of(
            50802, "Base Excess", gas, "mEq/L", "", "", -1, 4, 0, -0.5, eicu: "Base Excess", concept: 3012501,
            loinc: "11555-0"),
        of(50803, "Calculated Bicarbonate, Whole Blood", gas, "mEq/L", "22", "32", 23, 4, 0, -0.4),
        of(
            50804, "Calculated Total CO2", gas, "mEq/L", "21", "30", 25, 5, 0, -0.4, eicu: "HCO3",
            concept: 3008152, loinc: "1959-6"),
        of(50806, "Chloride, Whole Blood", gas, "mEq/L", "96", "108", 104, 6, 0, 0.1),
        of(
            50808, "Free Calcium", gas, "mmol/L", "1.12", "1.32", 1.13, 0.09, 2, -0.4,
            eicu: "ionized calcium", concept: 3021119, loinc: "1994-3"),
        of(50809, "Glucose", gas, "mg/dL", "70", "105", 135, -0.35, 0, 0.3),
        of(
            50813, "Lactate", gas, "mmol/L", "0.5", "2.0", 1.8, -0.5, 1, 0.8, eicu: "lactate",
            concept: 3047181, loinc: "2524-7"),
        of(
            50818, "pCO2", gas, "mm Hg", "35", "45", 41, 9, 0, 0.1, eicu: "paCO2", concept: 3027946,
            loinc: "2019-8"),
        of(
            50820, "pH", gas, "units", "7.35", "7.45", 7.37, 0.07, 2, -0.5, eicu: "pH", concept: 3019977,
            loinc: "2744-1"),
        of(
            50821, "pO2", gas, "mm Hg", "85", "105", 105, -0.5, 0, -0.2, eicu: "paO2", concept: 3027801,
            loinc: "2703-7"),
        of(50822, "Potassium, Whole Blood", gas, "mEq/L", "3.3", "5.1", 4.2, 0.7, 1, 0.3),
        of(50824, "Sodium, Whole Blood", gas, "mEq/L", "133", "145", 137, 5, 0, -0.2),
        of(
            50861, "Alanine Aminotransferase (ALT)", chemistry, "IU/L", "0", "40", 32, -0.9, 0, 0.3,
            eicu: "ALT (SGPT)", concept: 3006923, loinc: "1742-6"),
        of(
            50862, "Albumin", chemistry, "g/dL", "3.5", "5.2", 3.5, 0.7, 1, -0.5, eicu: "albumin",
            concept: 3024561, loinc: "1751-7"),
        of(
            50863, "Alkaline Phosphatase", chemistry, "IU/L", "40", "130", 95, -0.5, 0, 0.2,
            eicu: "alkaline phos.", concept: 3035995, loinc: "6768-6"),
        of(
            50868, "Anion Gap", chemistry, "mEq/L", "8", "20", 14, 3.6, 0, 0.5, eicu: "anion gap",
            concept: 3045716, loinc: "33037-3"),
        of(
            50878, "Asparate Aminotransferase (AST)", chemistry, "IU/L", "0", "40", 35, -0.9, 0, 0.4,
            eicu: "AST (SGOT)", concept: 3013721, loinc: "1920-8"),
        of(
            50882, "Bicarbonate", chemistry, "mEq/L", "22", "32", 25, 4.5, 0, -0.5, eicu: "bicarbonate",
            concept: 3016293, loinc: "1963-8"),
        of(
            50885, "Bilirubin, Total", chemistry, "mg/dL", "0", "1.5", 0.7, -0.8, 1, 0.3,
            eicu: "total bilirubin", concept: 3024128, loinc: "1975-2"),
        of(
            50893, "Calcium, Total", chemistry, "mg/dL", "8.4", "10.3", 8.7, 0.7, 1, -0.3, eicu: "calcium",
            concept: 3006906, loinc: "17861-6"),
        of(
            50902, "Chloride", chemistry, "mEq/L", "96", "108", 102, 6, 0, 0.1, eicu: "chloride",
            concept: 3014576, loinc: "2075-0"),
        of(
            50912, "Creatinine", chemistry, "mg/dL", "0.5", "1.2", 1.0, -0.6, 1, 0.5, eicu: "creatinine",
            concept: 3016723, loinc: "2160-0"),
        of(50920, "Estimated GFR (MDRD equation)", chemistry, "", "", "", 60, 20, 0, -0.4, missing: 256),
        of(
            50931, "Glucose", chemistry, "mg/dL", "70", "100", 123, -0.35, 0, 0.3, eicu: "glucose",
            concept: 3004501, loinc: "2345-7"),
        of(50934, "H", chemistry, "", "", "", 10, -0.9, 0, 0),
        of(50947, "I", chemistry, "", "", "", 1, 0.6, 0, 0),
        of(
            50954, "Lactate Dehydrogenase (LD)", chemistry, "IU/L", "94", "250", 260, -0.6, 0, 0.5,
            eicu: "LDH", concept: 3016436, loinc: "2532-0"),
        of(
            50960, "Magnesium", chemistry, "mg/dL", "1.6", "2.6", 2.0, 0.35, 1, 0.2, eicu: "magnesium",
            concept: 3001420, loinc: "19123-9"),
        of(
            50964, "Osmolality, Measured", chemistry, "mOsm/kg", "275", "310", 294, 14, 0, 0.3,
            concept: 3026948, loinc: "2692-2"),
        of(
            50970, "Phosphate", chemistry, "mg/dL", "2.7", "4.5", 3.5, 1.1, 1, 0.3, eicu: "phosphate",
            concept: 3011904, loinc: "2777-1"),
        of(
            50971, "Potassium", chemistry, "mEq/L", "3.3", "5.1", 4.1, 0.6, 1, 0.3, eicu: "potassium",
            concept: 3023103, loinc: "2823-3"),
        of(
            50983, "Sodium", chemistry, "mEq/L", "133", "145", 138, 4.7, 0, -0.2, eicu: "sodium",
            concept: 3019550, loinc: "2951-2"),
        of(
            51006, "Urea Nitrogen", chemistry, "mg/dL", "6", "20", 20, -0.6, 0, 0.5, eicu: "BUN",
            concept: 3013682, loinc: "3094-0"),
        of(
            51146, "Basophils", hematology, "%", "0", "2", 0.5, 0.4, 1, 0, eicu: "-basos", concept: 3013869,
            loinc: "706-2"),
        of(
            51200, "Eosinophils", hematology, "%", "0", "4", 1.8, 1.6, 1, -0.2, eicu: "-eos",
            concept: 3010457, loinc: "713-8"),
        of(
            51221, "Hematocrit", hematology, "%", "40", "52", 31, 6, 1, -0.3, eicu: "Hct", concept: 3023314,
            loinc: "4544-3"),
        of(
            51222, "Hemoglobin", hematology, "g/dL", "14", "18", 10.2, 2.2, 1, -0.3, eicu: "Hgb",
            concept: 3000963, loinc: "718-7"),
        of(
            51237, "INR(PT)", hematology, "", "0.9", "1.1", 1.3, -0.3, 1, 0.4, eicu: "PT - INR",
            concept: 3022217, loinc: "6301-6"),
        of(
            51244, "Lymphocytes", hematology, "%", "18", "42", 18, 9, 1, -0.4, eicu: "-lymphs",
            concept: 3037511, loinc: "736-9"),
        of(
            51248, "MCH", hematology, "pg", "27", "32", 30.2, 2.5, 1, 0, eicu: "MCH", concept: 3012030,
            loinc: "785-6"),
        of(
            51249, "MCHC", hematology, "%", "31", "35", 32.9, 1.6, 1, -0.1, eicu: "MCHC", concept: 3009744,
            loinc: "786-4"),
        of(
            51250, "MCV", hematology, "fL", "82", "98", 92, 7, 0, 0.1, eicu: "MCV", concept: 3023599,
            loinc: "787-2"),
        of(
            51254, "Monocytes", hematology, "%", "2", "11", 7, 3, 1, 0, eicu: "-monos", concept: 3011948,
            loinc: "5905-5"),
        of(
            51256, "Neutrophils", hematology, "%", "50", "70", 70, 14, 1, 0.4, eicu: "-polys",
            concept: 3008342, loinc: "770-8"),
        of(
            51265, "Platelet Count", hematology, "K/uL", "150", "440", 195, -0.5, 0, -0.3,
            eicu: "platelets x 1000", concept: 3024929, loinc: "777-3"),
        of(
            51274, "PT", hematology, "sec", "9.4", "12.5", 14, -0.3, 1, 0.4, eicu: "PT", concept: 3034426,
            loinc: "5902-2"),
        of(
            51275, "PTT", hematology, "sec", "25", "36.5", 34, -0.4, 1, 0.3, eicu: "PTT", concept: 3018677,
            loinc: "3173-2"),
        of(
            51277, "RDW", hematology, "%", "10.5", "15.5", 15.3, 2.3, 1, 0.4, eicu: "RDW", concept: 3019897,
            loinc: "788-0"),
        of(
            51279, "Red Blood Cells", hematology, "m/uL", "4.6", "6.2", 3.4, 0.75, 2, -0.3, eicu: "RBC",
            concept: 3020416, loinc: "789-8"),
        of(
            51301, "White Blood Cells", hematology, "K/uL", "4.0", "11.0", 8.9, -0.5, 1, 0.5,
            eicu: "WBC x 1000", concept: 3000905, loinc: "6690-2"),
        of(51484, "Ketone", hematology, "mg/dL", "", "", 20, -0.6, 0, 0.1, missing: 190, fluid: "Urine"),
        of(51487, "Nitrite", hematology, "", "", "", 0, 1, 0, 0, missing: 256, fluid: "Urine"),
        of(51491, "pH", hematology, "units", "5", "8", 6, 0.8, 1, -0.1, fluid: "Urine"),
        of(
            51498, "Specific Gravity", hematology, " ", "1.001", "1.035", 1.015, 0.008, 3, 0.1, fluid: "Urine"
        ),
        of(51506, "Urine Appearance", hematology, "", "", "", 0, 1, 0, 0, missing: 256, fluid: "Urine"),
        of(51508, "Urine Color", hematology, "", "", "", 0, 1, 0, 0, missing: 256, fluid: "Urine"),
        of(51624, "Free Calcium", chemistry, "mmol/L", "1.12", "1.32", 1.14, 0.09, 2, -0.4),
        of(51678, "L", chemistry, "", "", "", 8, -0.9, 0, 0),
        of(51701, "Osmolality, Calculated", chemistry, "mOsm/kg", "275", "310", 291, 13, 0, 0.3),
        of(52027, "Glucose, Whole Blood", gas, "mg/dL", "70", "105", 135, -0.35, 0, 0.3),
        of(52031, "Osmolality", gas, "mOsm/kg", "275", "310", 295, 13, 0, 0.3),
        of(52033, "Specimen Type", gas, "", "", "", 0, 1, 0, 0, missing: 256),
        of(52172, "RDW-SD", hematology, "fL", "35.1", "46.3", 51, 9, 1, 0.3),
        of(52434, "Chloride, Whole Blood", gas, "mEq/L", "96", "108", 104, 6, 0, 0.1),
        of(52452, "Potassium, Whole Blood", gas, "mEq/L", "3.3", "5.1", 4.2, 0.7, 1, 0.3),
        of(52455, "Sodium, Whole Blood", gas, "mEq/L", "133", "145", 137, 5, 0, -0.2),
        of(52500, "Anion Gap", chemistry, "mEq/L", "8", "20", 14, 3.6, 0, 0.5),
        of(52535, "Chloride", chemistry, "mEq/L", "96", "108", 102, 6, 0, 0.1),
        of(52569, "Glucose", chemistry, "mg/dL", "70", "100", 123, -0.35, 0, 0.3),
        of(52610, "Potassium", chemistry, "mEq/L", "3.3", "5.1", 4.1, 0.6, 1, 0.3),
        of(52623, "Sodium", chemistry, "mEq/L", "133", "145", 138, 4.7, 0, -0.2),
    ]

    /// Vital signs: MIMIC-IV chart items, with OMOP concepts.
    static let vitalSigns: [Analyte] = [
        of(
            220045, "Heart Rate", "Routine Vital Signs", "bpm", "", "", 86, 17, 0, 0.4, concept: 3027018,
            loinc: "8867-4"),
        of(
            220179, "Non Invasive Blood Pressure systolic", "Routine Vital Signs", "mmHg", "", "", 119, 21, 0,
            -0.4, concept: 3004249, loinc: "8480-6"),
        of(
            220180, "Non Invasive Blood Pressure diastolic", "Routine Vital Signs", "mmHg", "", "", 64, 14, 0,
            -0.3, concept: 3012888, loinc: "8462-4"),
        of(
            220181, "Non Invasive Blood Pressure mean", "Routine Vital Signs", "mmHg", "", "", 78, 15, 0, -0.4
        ),
        of(
            220210, "Respiratory Rate", "Respiratory", "insp/min", "", "", 19, 5, 0, 0.4, concept: 3024171,
            loinc: "9279-1"),
        of(
            220277, "O2 saturation pulseoxymetry", "Respiratory", "%", "", "", 97, 2.4, 0, -0.3,
            concept: 3016502, loinc: "2708-6"),
        of(220739, "GCS - Eye Opening", "Neurological", "", "", "", 3.4, 0.8, 0, -0.5),
        of(223761, "Temperature Fahrenheit", "Routine Vital Signs", "°F", "", "", 98.4, 0.9, 1, 0.2),
        of(223900, "GCS - Verbal Response", "Neurological", "", "", "", 3.9, 1.2, 0, -0.5),
        of(223901, "GCS - Motor Response", "Neurological", "", "", "", 5.5, 0.8, 0, -0.5),
        of(
            224639, "Daily Weight", "General", "kg", "", "", 82, 20, 1, 0.1, concept: 3025315,
            loinc: "29463-7"),
    ]
}
