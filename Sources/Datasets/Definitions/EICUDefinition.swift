/// eICU Collaborative Research Database 2.0: no times but offsets in minutes, from which times are derived on request; patients
/// are found through the unit stay.
let eicuDefinition = """
    name: eicu
    version: "2.0"
    default_tables: [patient]
    offset_times: {file_path: patient.csv, stay: patientunitstayid, patient: uniquepid,
      admission: patienthealthsystemstayid, year: hospitaldischargeyear, begin: hospitaladmitoffset,
      end: hospitaldischargeoffset}
    tables:
      patient:
        file_path: patient.csv
        patient_id: uniquepid
        offset: 0
        attributes: [patientunitstayid, patienthealthsystemstayid, gender, age, ethnicity, hospitalid,
          wardid, apacheadmissiondx, admissionheight, admissionweight, dischargeweight,
          hospitaladmittime24, hospitaladmitoffset, hospitaladmitsource, hospitaldischargeyear,
          hospitaldischargeoffset, hospitaldischargestatus, hospitaldischargetime24, unittype,
          unitadmittime24, unitadmitsource, unitvisitnumber, unitstaytype, unitdischargeoffset,
          unitdischargestatus, unitdischargetime24, unitdischargelocation]
      hospital:
        file_path: hospital.csv
        attributes: [hospitalid, numbedscategory, teachingstatus, region]
      diagnosis:
        file_path: diagnosis.csv
        patient_id: uniquepid
        offset: diagnosisoffset
        attributes: [patientunitstayid, diagnosisoffset, diagnosisstring, icd9code, diagnosispriority]
        join: &stay
          - file_path: patient.csv
            on: patientunitstayid
            how: inner
            columns: [uniquepid, patienthealthsystemstayid, unitvisitnumber, hospitaladmitoffset,
              hospitaldischargeoffset, unitdischargeoffset, hospitaldischargeyear, hospitaldischargestatus]
      medication:
        file_path: medication.csv
        patient_id: uniquepid
        offset: drugstartoffset
        attributes: [patientunitstayid, drugstartoffset, drugstopoffset, drugname, drughiclseqno, dosage,
          routeadmin, frequency, loadingdose, prn, drugordercancelled]
        join: *stay
      treatment:
        file_path: treatment.csv
        patient_id: uniquepid
        offset: treatmentoffset
        attributes: [patientunitstayid, treatmentoffset, treatmentstring, activeupondischarge]
        join: *stay
      lab:
        file_path: lab.csv
        patient_id: uniquepid
        offset: labresultoffset
        attributes: [patientunitstayid, labresultoffset, labname, labresult, labresulttext,
          labmeasurenamesystem, labmeasurenameinterface, labtypeid]
        join: *stay
      physicalexam:
        file_path: physicalExam.csv
        patient_id: uniquepid
        offset: physicalexamoffset
        attributes: [patientunitstayid, physicalexamoffset, physicalexampath, physicalexamtext,
          physicalexamvalue]
        join: *stay
      admissiondx:
        file_path: admissionDx.csv
        patient_id: uniquepid
        offset: admitdxenteredoffset
        attributes: [patientunitstayid, admitdxenteredoffset, admitdxpath, admitdxname, admitdxtext]
        join: *stay
    """
