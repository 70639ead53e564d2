/// EHRShot 1.0: the events, the split and the labels of 15 benchmark tasks.
let ehrShotDefinition =
    """
    name: ehrshot
    version: "1.0"
    tables:
      ehrshot:
        file_path: data/ehrshot.csv
        patient_id: patient_id
        timestamp: start
        attributes: [code, value, unit, visit_id, omop_table]
      splits:
        file_path: splits/person_id_map.csv
        patient_id: omop_person_id
        attributes: [split]

    """
    + [
        "chexpert", "guo_icu", "guo_los", "guo_readmission", "lab_anemia", "lab_hyperkalemia",
        "lab_hypoglycemia",
        "lab_hyponatremia", "lab_thrombocytopenia", "new_acutemi", "new_celiac", "new_hyperlipidemia",
        "new_hypertension", "new_lupus", "new_pancan",
    ].map {
        """
          \($0):
            file_path: benchmark/\($0)/labeled_patients.csv
            patient_id: patient_id
            timestamp: prediction_time
            attributes: [value, label_type]

        """
    }.joined()
