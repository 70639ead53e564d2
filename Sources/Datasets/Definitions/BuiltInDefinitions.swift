/// The built-in data sets by name, in the same YAML format as a user's own.
let builtInDefinitions: [String: String] = [
    "clinvar": clinVarDefinition,
    "cosmic": cosmicDefinition,
    "ehrshot": ehrShotDefinition,
    "eicu": eicuDefinition,
    "medicaltranscriptions": medicalTranscriptionsDefinition,
    "meds": medsDefinition,
    "mimic3": mimic3Definition,
    "mimic4": mimic4Definition(name: "mimic4", parts: [mimic4EHRTables, mimic4NoteTables, mimic4CXRTables]),
    "mimic4cxr": mimic4Definition(name: "mimic4cxr", version: "2.1.0", parts: [mimic4CXRTables]),
    "mimic4ehr": mimic4Definition(name: "mimic4ehr", parts: [mimic4EHRTables]),
    "mimic4note": mimic4Definition(name: "mimic4note", parts: [mimic4NoteTables]),
    "omop": omopDefinition,
    "physionetdeid": physioNetDeIDDefinition,
    "support2": support2Definition,
    "synthea": syntheaDefinition,
    "tcgaprad": tcgaPRADDefinition,
]
