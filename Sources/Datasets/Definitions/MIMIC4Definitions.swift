/// MIMIC-IV 2.2 with MIMIC-IV-Note 2.2 and MIMIC-CXR 2.1.0: one definition from any of the three parts, each below its own
/// root.
///
/// Default tables, for parts with hospital tables, come after the requested ones.
func mimic4Definition(name: String, version: String = "2.2", parts: [String]) -> String {
    let defaults = parts.contains(mimic4EHRTables) ? "[patients, admissions, icustays]" : "[]"
    return """
        name: \(name)
        version: "\(version)"
        defaults_first: false
        default_tables: \(defaults)
        tables:

        """ + parts.joined(separator: "\n")
}

/// The hospital's and the intensive care unit's tables; those from `chartevents` on are optional ones that the reference lacks.
let mimic4EHRTables = """
      patients:
        file_path: hosp/patients.csv.gz
        patient_id: subject_id
        root: ehr
        attributes: [gender, anchor_age, anchor_year, anchor_year_group, dod]
      admissions:
        file_path: hosp/admissions.csv.gz
        patient_id: subject_id
        timestamp: admittime
        root: ehr
        attributes: [hadm_id, admission_type, admission_location, insurance, language, marital_status,
          race, discharge_location, dischtime, hospital_expire_flag]
        extra_attributes: [deathtime, edregtime, edouttime]
      icustays:
        file_path: icu/icustays.csv.gz
        patient_id: subject_id
        timestamp: intime
        root: ehr
        attributes: [hadm_id, stay_id, first_careunit, last_careunit, outtime]
      diagnoses_icd:
        file_path: hosp/diagnoses_icd.csv.gz
        patient_id: subject_id
        timestamp: dischtime
        root: ehr
        attributes: [hadm_id, icd_code, icd_version, seq_num]
        join: &admission [{file_path: hosp/admissions.csv.gz, on: hadm_id, how: inner, columns: [dischtime]}]
      procedures_icd:
        file_path: hosp/procedures_icd.csv.gz
        patient_id: subject_id
        timestamp: dischtime
        root: ehr
        attributes: [hadm_id, icd_code, icd_version, seq_num]
        join: *admission
      prescriptions:
        file_path: hosp/prescriptions.csv.gz
        patient_id: subject_id
        timestamp: starttime
        root: ehr
        attributes: [hadm_id, drug, ndc, prod_strength, dose_val_rx, dose_unit_rx, route, stoptime]
      labevents:
        file_path: hosp/labevents.csv.gz
        patient_id: subject_id
        timestamp: charttime
        root: ehr
        attributes: [hadm_id, itemid, label, fluid, category, value, valuenum, valueuom, flag, storetime]
        join: [{file_path: hosp/d_labitems.csv.gz, on: itemid, how: inner, columns: [label, fluid, category]}]
      hcpcsevents:
        file_path: hosp/hcpcsevents.csv.gz
        patient_id: subject_id
        timestamp: chartdate
        root: ehr
        attributes: [hadm_id, hcpcs_cd, seq_num, short_description]
      chartevents:
        file_path: icu/chartevents.csv.gz
        patient_id: subject_id
        timestamp: charttime
        root: ehr
        attributes: [hadm_id, stay_id, itemid, label, category, value, valuenum, valueuom, warning,
          storetime]
        join: &item [{file_path: icu/d_items.csv.gz, on: itemid, how: inner, columns: [label, category]}]
      inputevents:
        file_path: icu/inputevents.csv.gz
        patient_id: subject_id
        timestamp: starttime
        root: ehr
        attributes: [hadm_id, stay_id, itemid, label, category, amount, amountuom, rate, rateuom, endtime,
          ordercategoryname, statusdescription, storetime]
        join: *item
      outputevents:
        file_path: icu/outputevents.csv.gz
        patient_id: subject_id
        timestamp: charttime
        root: ehr
        attributes: [hadm_id, stay_id, itemid, label, category, value, valueuom, storetime]
        join: *item
      procedureevents:
        file_path: icu/procedureevents.csv.gz
        patient_id: subject_id
        timestamp: starttime
        root: ehr
        attributes: [hadm_id, stay_id, itemid, label, category, value, valueuom, endtime, location,
          locationcategory, statusdescription, storetime]
        join: *item
      emar:
        file_path: hosp/emar.csv.gz
        patient_id: subject_id
        timestamp: charttime
        root: ehr
        attributes: [hadm_id, emar_id, emar_seq, pharmacy_id, medication, event_txt, scheduletime,
          storetime]
      microbiologyevents:
        file_path: hosp/microbiologyevents.csv.gz
        patient_id: subject_id
        timestamp: charttime
        root: ehr
        attributes: [hadm_id, micro_specimen_id, spec_itemid, spec_type_desc, test_itemid, test_name,
          org_itemid, org_name, isolate_num, ab_itemid, ab_name, dilution_value, interpretation, storetime,
          comments]
        preprocess: chartdate_fallback
    """

/// The notes and their details.
let mimic4NoteTables = """
      discharge:
        file_path: note/discharge.csv.gz
        patient_id: subject_id
        timestamp: charttime
        root: note
        attributes: [note_id, hadm_id, note_type, note_seq, storetime, text]
      discharge_detail:
        file_path: note/discharge_detail.csv.gz
        patient_id: subject_id
        timestamp: charttime
        root: note
        attributes: [note_id, field_name, field_value, field_ordinal]
        join: [{file_path: note/discharge.csv.gz, on: note_id, how: inner, columns: [charttime]}]
      radiology:
        file_path: note/radiology.csv.gz
        patient_id: subject_id
        timestamp: charttime
        root: note
        attributes: [note_id, hadm_id, note_type, note_seq, storetime, text]
      radiology_detail:
        file_path: note/radiology_detail.csv.gz
        patient_id: subject_id
        timestamp: charttime
        root: note
        attributes: [note_id, field_name, field_value, field_ordinal]
        join: [{file_path: note/radiology.csv.gz, on: note_id, how: inner, columns: [charttime]}]
    """

/// Studies, labels and splits of the chest X-rays; `metadata` is the prepared file with image paths and six-digit study times.
let mimic4CXRTables = """
      metadata:
        file_path: mimic-cxr-2.0.0-metadata-pyhealth.csv
        patient_id: subject_id
        timestamp: [studydate, studytime]
        timestamp_format: "%Y%m%d%H%M%S"
        root: cxr
        attributes: [image_path, dicom_id, study_id, performedprocedurestepdescription, viewposition, rows,
          columns, procedurecodesequence_codemeaning, viewcodesequence_codemeaning,
          patientorientationcodesequence_codemeaning]
      chexpert:
        file_path: mimic-cxr-2.0.0-chexpert.csv.gz
        patient_id: subject_id
        timestamp: [studydate, studytime]
        timestamp_format: "%Y%m%d%H%M%S"
        root: cxr
        attributes: [dicom_id, study_id, atelectasis, cardiomegaly, consolidation, edema,
          enlarged cardiomediastinum, fracture, lung lesion, lung opacity, no finding, pleural effusion,
          pleural other, pneumonia, pneumothorax, support devices]
        join: [{file_path: mimic-cxr-2.0.0-metadata-pyhealth.csv, on: study_id, how: inner, columns: [dicom_id, studydate, studytime]}]
      negbio:
        file_path: mimic-cxr-2.0.0-negbio.csv.gz
        patient_id: subject_id
        timestamp: [studydate, studytime]
        timestamp_format: "%Y%m%d%H%M%S"
        root: cxr
        attributes: [dicom_id, study_id, atelectasis, cardiomegaly, consolidation, edema,
          enlarged cardiomediastinum, fracture, lung lesion, lung opacity, no finding, pleural effusion,
          pleural other, pneumonia, pneumothorax, support devices]
        join: [{file_path: mimic-cxr-2.0.0-metadata-pyhealth.csv, on: study_id, how: inner, columns: [dicom_id, studydate, studytime]}]
      test_set_labeled:
        file_path: mimic-cxr-2.1.0-test-set-labeled.csv
        patient_id: subject_id
        timestamp: [studydate, studytime]
        timestamp_format: "%Y%m%d%H%M%S"
        root: cxr
        attributes: [dicom_id, study_id, atelectasis, cardiomegaly, consolidation, edema,
          enlarged cardiomediastinum, fracture, lung lesion, airspace opacity, no finding,
          pleural effusion, pleural other, pneumonia, pneumothorax, support devices]
        join: [{file_path: mimic-cxr-2.0.0-metadata-pyhealth.csv, on: study_id, how: inner, columns: [subject_id, dicom_id, studydate, studytime]}]
      split:
        file_path: mimic-cxr-2.0.0-split.csv.gz
        patient_id: subject_id
        timestamp: [studydate, studytime]
        timestamp_format: "%Y%m%d%H%M%S"
        root: cxr
        attributes: [dicom_id, study_id, split]
        join: [{file_path: mimic-cxr-2.0.0-metadata-pyhealth.csv, on: dicom_id, how: inner, columns: [studydate, studytime]}]
    """
