/// MIMIC-III Clinical Database 1.4.
///
/// Beyond the reference: laboratory events offer `hadm_id` on request, and `noteevents_all` keeps notes without an admission,
/// which `noteevents` (joined with the admissions) drops.
let mimic3Definition = """
    name: mimic3
    version: "1.4"
    default_tables: [patients, admissions, icustays]
    tables:
      patients:
        file_path: PATIENTS.csv.gz
        patient_id: subject_id
        attributes: [gender, dob, dod, dod_hosp, dod_ssn, expire_flag]
      admissions:
        file_path: ADMISSIONS.csv.gz
        patient_id: subject_id
        timestamp: admittime
        attributes: [hadm_id, admission_type, admission_location, insurance, language, religion, marital_status,
          ethnicity, edregtime, edouttime, diagnosis, discharge_location, dischtime, hospital_expire_flag]
      icustays:
        file_path: ICUSTAYS.csv.gz
        patient_id: subject_id
        timestamp: intime
        attributes: [icustay_id, first_careunit, dbsource, last_careunit, outtime]
      diagnoses_icd:
        file_path: DIAGNOSES_ICD.csv.gz
        patient_id: subject_id
        timestamp: dischtime
        attributes: [hadm_id, icd9_code, seq_num]
        join:
          - {file_path: ADMISSIONS.csv.gz, on: hadm_id, how: inner, columns: [dischtime]}
      procedures_icd:
        file_path: PROCEDURES_ICD.csv.gz
        patient_id: subject_id
        timestamp: dischtime
        attributes: [hadm_id, icd9_code, seq_num]
        join:
          - {file_path: ADMISSIONS.csv.gz, on: hadm_id, how: inner, columns: [dischtime]}
      prescriptions:
        file_path: PRESCRIPTIONS.csv.gz
        patient_id: subject_id
        timestamp: startdate
        attributes: [hadm_id, drug, drug_type, drug_name_poe, drug_name_generic, formulary_drug_cd, gsn, ndc,
          prod_strength, dose_val_rx, dose_unit_rx, form_val_disp, form_unit_disp, route, enddate]
        join:
          - {file_path: ADMISSIONS.csv.gz, on: hadm_id, how: inner, columns: [dischtime]}
      labevents:
        file_path: LABEVENTS.csv.gz
        patient_id: subject_id
        timestamp: charttime
        attributes: [itemid, label, fluid, category, value, valuenum, valueuom, flag]
        extra_attributes: [hadm_id]
        join:
          - {file_path: D_LABITEMS.csv.gz, on: itemid, how: inner, columns: [label, fluid, category]}
      noteevents:
        file_path: NOTEEVENTS.csv.gz
        patient_id: subject_id
        timestamp: charttime
        attributes: [row_id, hadm_id, text, category, description, storetime]
        preprocess: chartdate_fallback
        join:
          - {file_path: ADMISSIONS.csv.gz, on: hadm_id, how: inner, columns: [dischtime]}
      noteevents_all:
        file_path: NOTEEVENTS.csv.gz
        patient_id: subject_id
        timestamp: charttime
        attributes: [row_id, hadm_id, text, category, description, storetime]
        preprocess: chartdate_fallback
    """
