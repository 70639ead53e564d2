/// Medical Event Data Standard: all Parquet shards below `data`; `hadm_id` is an extra that not every export has.
let medsDefinition = """
    name: meds
    version: "1.0"
    default_tables: [meds]
    subsets: {names: [train, tuning, held_out], file_path: metadata/subject_splits.parquet, column: split, directory: data}
    tables:
      meds:
        file_path: data/**.parquet
        patient_id: subject_id
        timestamp: time
        zoneless: true
        attributes: [code, numeric_value]
        extra_attributes: [hadm_id]
      subject_splits:
        file_path: metadata/subject_splits.parquet
        patient_id: subject_id
        attributes: [split]
    """
